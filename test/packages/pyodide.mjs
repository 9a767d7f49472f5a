/** pyodide: CPython: the standard library, calls both ways, an exception. */

import { loadPyodide } from 'pyodide';

export default async function load() {
  const python = await loadPyodide();
  python.globals.set('host', (n) => (n * 7919) % 1000);
  return () =>
    python.runPython(`
import hashlib, json, re, statistics
from decimal import Decimal
try:
    {}['key']
except KeyError as error:
    caught = repr(error)
json.dumps([sum(host(i) for i in range(500)), hashlib.sha256(b'python').hexdigest(), caught, re.sub(r'(\\w+) (\\w+)', r'\\2 \\1', 'one two'),
    statistics.fmean(i * 0.1 for i in range(1000)), str(Decimal(1) / Decimal(7)), 2 ** 200, sorted({3, 1, 2})])
`);
}
