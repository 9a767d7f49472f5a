/** quickjs-emscripten: a JavaScript engine in wasm that calls functions of the host, throws, and runs out of its time. */

import { getQuickJS, shouldInterruptAfterDeadline } from 'quickjs-emscripten';

const program = `
  const primes = [];
  for (let n = 2; primes.length < 300; n++) if (primes.every((p) => n % p)) primes.push(n);
  const words = Array.from({ length: 2000 }, (_, i) => host(i));
  const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
  JSON.stringify({ last: primes.at(-1), sum: words.reduce((a, b) => a + b, 0), fib: fib(18), sort: words.map(String).sort().slice(0, 5),
    text: /(?<year>\\d{4})-(\\d\\d)/u.exec('on 2024-05-06').groups.year, big: (2n ** 100n).toString(), pi: Math.PI.toFixed(15) });
`;

export default async function load() {
  const QuickJS = await getQuickJS();
  return () => {
    const vm = QuickJS.newContext();
    const host = vm.newFunction('host', (number) => vm.newNumber((vm.getNumber(number) * 7919) % 1000));
    vm.setProp(vm.global, 'host', host);
    host.dispose();
    const fail = vm.newFunction('fail', () => {
      throw new Error('from the host');
    });
    vm.setProp(vm.global, 'fail', fail);
    fail.dispose();
    const lines = [vm.unwrapResult(vm.evalCode(program)).consume(vm.dump)];
    for (const code of ['try { fail() } catch (error) { error.message }', 'null.property']) {
      const result = vm.evalCode(code);
      if (result.error) lines.push(JSON.stringify(result.error.consume(vm.dump).message));
      else lines.push(result.value.consume(vm.dump));
    }
    vm.dispose();
    try {
      QuickJS.evalCode('for (;;);', { shouldInterrupt: shouldInterruptAfterDeadline(Date.now() - 1) });
    } catch (error) {
      lines.push(error.message);
    }
    return lines.join('\n');
  };
}
