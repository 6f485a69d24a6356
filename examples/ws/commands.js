/** What a client may send, by its type. */
export const commands = {
  say({ member, room, said }, { text }) {
    room.broadcast({ type: 'said', from: member.name, text: shortened(text), number: said });
  },
  who: ({ room, send }) => send({ type: 'who', names: room.names() }),
};

const LONGEST = 20;

function shortened(text) {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
