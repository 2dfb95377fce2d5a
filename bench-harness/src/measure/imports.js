// Tells what each `require` takes, in the form in which Python tells its imports.
'use strict';
const Module = require('node:module');
const load = Module._load;
const inside = [0n];
const lines = [];
Module._load = function (request, parent, isMain) {
  const began = process.hrtime.bigint();
  inside.push(0n);
  try {
    return load.apply(this, arguments);
  } finally {
    const took = process.hrtime.bigint() - began;
    const nested = inside.pop();
    inside[inside.length - 1] += took;
    const micros = (span) => String(span / 1000n).padStart(9);
    const indent = '  '.repeat(inside.length - 1);
    lines.push(`import time: ${micros(took - nested)} | ${micros(took)} | ${indent}${request}`);
    if (inside.length === 1) {
      process.stderr.write(lines.splice(0).join('\n') + '\n');
    }
  }
};
