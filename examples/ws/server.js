import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { connected } from './connection.js';
import { lobby } from './rooms.js';

const server = createServer((_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ members: lobby.size }));
});
const sockets = new WebSocketServer({ server });

sockets.on('connection', (socket, request) => {
  const { searchParams } = new URL(request.url, 'http://localhost');
  connected(socket, searchParams.get('name') ?? 'somebody');
});

const PING = 1000;
setInterval(() => {
  for (const socket of sockets.clients) socket.ping();
}, PING);

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});
