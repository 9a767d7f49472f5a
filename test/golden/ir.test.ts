/** The IR's text form, the analyses and every optimisation pass: text in, text out.
 *  The IR is verified before and after each pass. */

import { freshCore } from '../support/core.js';
import { goldenSuite } from '../support/golden.js';

const core = freshCore();

function text(): string {
  return core.readText(core.call('test_irText'), core.call('test_irTextLength'));
}

/** Reads and checks the input; the error if there is one. */
function load(input: string): string | undefined {
  const { pointer, length } = core.writeText(input);
  return core.call('test_irParse', pointer, length) && core.call('test_irVerify', false) ? undefined : text();
}

function show(hook: string): string {
  core.call(hook);
  return text();
}

function pass(hook: string, split = false): (input: string) => string {
  return (input) => {
    const problem = load(input);
    if (problem) return problem;
    core.call(hook);
    if (!core.call('test_irVerify', split)) return `${text()}${show('test_irPrint')}`;
    return show('test_irPrint');
  };
}

goldenSuite('IR text', 'print', (input) => load(input) ?? show('test_irPrint'));
goldenSuite('analyses', 'analyses', (input) => load(input) ?? show('test_irAnalyses'));
goldenSuite('layout', 'layout', (input) => load(input) ?? show('test_irLayout'));
goldenSuite('simplify', 'simplify', pass('test_irSimplify'));
goldenSuite('gvn', 'gvn', pass('test_irGvn'));
goldenSuite('licm', 'licm', pass('test_irLicm'));
goldenSuite('ifconv', 'ifconv', pass('test_irIfconv'));
goldenSuite('dce', 'dce', pass('test_irDce'));
goldenSuite('split', 'split', pass('test_irSplit', true));
