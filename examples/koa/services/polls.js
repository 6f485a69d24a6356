class Poll {
  #votes = new Map();

  constructor(name) {
    this.name = name;
  }

  vote(choice) {
    this.#votes.set(choice, (this.#votes.get(choice) ?? 0) + 1);
  }

  result() {
    return Object.fromEntries(this.#votes);
  }
}

const all = new Map();

const pollNamed = (name) => {
  if (!all.has(name)) all.set(name, new Poll(name));
  return all.get(name);
};

export const polls = {
  vote: (name, choice) => pollNamed(name).vote(choice),
  result: (name) => pollNamed(name).result(),
};
