import { EventEmitter } from 'node:events';

const DELAY = 5;

/** Jobs in memory, worked on by a processor, a few at a time; one that fails is tried again later. */
export class Queue extends EventEmitter {
  #waiting = [];
  #active = new Map();
  #counts = { completed: 0, failed: 0, retried: 0 };
  #nextId = 1;

  constructor(name, processor, { concurrency = 1, attempts = 1 } = {}) {
    super();
    this.name = name;
    this.processor = processor;
    this.concurrency = concurrency;
    this.attempts = attempts;
    this.timer = setInterval(() => this.#drain(), DELAY);
  }

  add(data) {
    const job = { id: this.#nextId++, data, attempt: 0, added: Date.now() };
    this.#waiting.push(job);
    return job;
  }

  counts() {
    return { waiting: this.#waiting.length, active: this.#active.size, ...this.#counts };
  }

  #drain() {
    while (this.#active.size < this.concurrency && this.#waiting.length > 0)
      this.#work(this.#waiting.shift());
  }

  async #work(job) {
    job.attempt++;
    this.#active.set(job.id, job);
    try {
      const result = await this.processor(job);
      this.#counts.completed++;
      this.emit('completed', job, result);
    } catch (error) {
      this.#failed(job, error);
    } finally {
      this.#active.delete(job.id);
    }
  }

  #failed(job, error) {
    if (job.attempt < this.attempts) {
      this.#counts.retried++;
      setTimeout(() => this.#waiting.push(job), DELAY * 2 ** job.attempt);
    } else {
      this.#counts.failed++;
      this.emit('failed', job, error);
    }
  }
}
