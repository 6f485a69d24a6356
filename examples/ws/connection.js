import { commands } from './commands.js';
import { lobby } from './rooms.js';

/** What one open socket does, for as long as it is open: its state is in the variables of this call. */
export function connected(socket, name) {
  let said = 0;
  const send = (message) => socket.send(JSON.stringify(message));
  const member = { name, send };
  lobby.join(member);

  socket.on('message', (data) => {
    said++;
    const { type, ...rest } = JSON.parse(data);
    const command = commands[type];
    if (command === undefined) send({ type: 'error', message: `no ${type}` });
    else command({ member, room: lobby, said, send }, rest);
  });

  socket.on('close', () => lobby.leave(member));
  send({ type: 'welcome', name });
}
