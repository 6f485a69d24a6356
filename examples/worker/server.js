// A worker process: jobs come in by HTTP and from a schedule, wait in queues, and are worked on by timers.
import { createServer } from 'node:http';
import { mail } from './jobs/mail.js';
import { report } from './jobs/report.js';
import { Queue } from './queue.js';
import { every } from './schedule.js';

const queues = {
  mail: new Queue('mail', mail, { concurrency: 4, attempts: 3 }),
  report: new Queue('report', report, { concurrency: 1 }),
};
for (const queue of Object.values(queues)) {
  queue.on('completed', (job, result) => console.log(`${queue.name} ${job.id} done: ${result}`));
  queue.on('failed', (job, error) => console.log(`${queue.name} ${job.id} failed: ${error.message}`));
}

every(100, (tick) => queues.report.add({ tick }));

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const queue = queues[pathname.slice(1)];
  response.setHeader('content-type', 'application/json');
  if (request.method === 'POST') response.end(JSON.stringify(queue.add(Object.fromEntries(searchParams))));
  else response.end(JSON.stringify(queue.counts()));
});
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});
