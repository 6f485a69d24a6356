/** Functions of each form that call themselves until the stack is used up. */
import { serve } from './serve.js';

let calls = 0;
function declaration(a) {
  calls++;
  return declaration(a);
}
const arrow = (a) => {
  calls++;
  return arrow(a);
};
const without = () => {
  calls++;
  return without();
};
const pattern = ({ a } = { a: 1 }) => {
  calls++;
  return pattern({ a });
};
function patterns({ a }, b = 1) {
  calls++;
  return patterns({ a }, b);
}
class Tree {
  walk(a) {
    calls++;
    return this.walk(a);
  }
}
function closure(a) {
  const inner = () => {
    calls++;
    return inner(a);
  };
  return inner();
}

const forms = {
  'a function': () => declaration(1),
  'an arrow': () => arrow(1),
  'an arrow without parameters': () => without(),
  'an arrow with a pattern': () => pattern(),
  'a function with a pattern and a default': () => patterns({ a: 1 }),
  'a method': () => new Tree().walk(1),
  'an arrow inside a function': () => closure(1),
};

function depths() {
  const counts = {};
  for (const [name, run] of Object.entries(forms)) {
    calls = 0;
    try {
      run();
    } catch {
      // the stack is used up
    }
    counts[name] = calls;
  }
  return counts;
}

serve({ depths });
