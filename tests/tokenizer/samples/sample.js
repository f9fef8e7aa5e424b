'use strict';
const fs = require('fs').promises;

export async function* lines(path, { encoding = 'utf-8', ...rest } = {}) {
  const text = await fs.readFile(path, { encoding, ...rest });
  for (const [i, line] of text.split(/\r?\n/g).entries()) {
    if (line?.trim()) yield { i, line: `${i + 1}: ${line}` };
  }
}

const debounce = (f, ms = 75) => { let t; return (...a) => { clearTimeout(t); t = setTimeout(() => f(...a), ms); }; };
module.exports = { debounce, isNil: (x) => x === null || x === undefined, emoji: '👩‍🚀🚀', re: /[^\w\s]+(?=\d{2,})/u };
