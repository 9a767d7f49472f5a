/** Runs the commands of a spec script on an engine.
 *  In:   a script's text, an engine, the lists of what is skipped and what is known to fail.
 *  Out:  one outcome for each command.
 *  A command that needs a skipped module is skipped with it; one that needs a module that failed fails too. */

import { parseText, TextError } from '../wasm/text.js';
import type { Failure, FailureKind, WastEngine } from './script-engine.js';
import { findRule, type Rule } from './lists.js';
import { type Action, type Command, type ModuleSource, parseScript, withoutFields } from './script.js';
import { instantiateSpectest } from './spectest.js';
import { matches, parsePattern, parseValue, patternType, showPattern, showValue, UnsupportedValue, type Value } from './script-values.js';

export interface Outcome {
  file: string;
  line: number;
  command: string;
  status: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  reason?: string;
  /** For a command that expects a message: that message, what came, and whether it holds the expected text. */
  expected?: string;
  message?: string;
  wording?: boolean;
  /** The entry of the list of known failures that covers this command. */
  known?: string;
}

export interface RunOptions {
  skip?: readonly Rule[];
  known?: readonly Rule[];
}

/** Thrown when a command does not do what it should; ends that command alone. */
class Mismatch extends Error {}

/** Thrown when a command depends on a module that was skipped. */
class Dependent extends Error {}

/** What a name stands for: an instance, or the fate of the module that should have become one. */
type Slot<T> = { state: 'ready'; value: T } | { state: 'skipped' | 'failed' };

export async function runScript(file: string, source: string, engine: WastEngine, options: RunOptions = {}): Promise<Outcome[]> {
  engine.beginScript();
  const run = new ScriptRun(engine);
  const outcomes: Outcome[] = [];
  for (const command of parseScript(source)) {
    const outcome: Outcome = { file, line: command.line, command: command.kind, status: 'passed' };
    outcomes.push(outcome);
    const skipped = findRule(options.skip ?? [], file, command.line);
    if (skipped?.without && command.kind === 'module' && command.source.kind === 'text') {
      command.source.text = withoutFields(command.source.text, skipped.without);
    } else if (skipped) {
      run.abandon(command, 'skipped');
      outcome.status = 'skipped';
      outcome.reason = skipped.reason;
      continue;
    }
    try {
      await run.execute(command, outcome);
    } catch (error) {
      outcome.status = error instanceof Dependent ? 'skipped' : 'failed';
      outcome.reason = error instanceof Error ? error.message : String(error);
      run.abandon(command, outcome.status);
    }
    const known = findRule(options.known ?? [], file, command.line);
    if (known) outcome.known = known.name;
  }
  return outcomes;
}

class ScriptRun {
  private readonly instances = new Map<string, Slot<unknown>>();
  private readonly definitions = new Map<string, Slot<unknown>>();
  private readonly registered = new Map<string, Slot<unknown>>();
  private current: Slot<unknown> | undefined;
  private lastDefinition: Slot<unknown> | undefined;
  private spectest: unknown;

  constructor(private readonly engine: WastEngine) {}

  /** Records that the module of a command did not come to be. */
  abandon(command: Command, state: 'skipped' | 'failed'): void {
    if (command.kind === 'module' || command.kind === 'instance') this.bindInstance(command.name, { state });
    else if (command.kind === 'definition') this.bindDefinition(command.name, { state });
    else if (command.kind === 'register') this.registered.set(command.as, { state });
  }

  async execute(command: Command, outcome: Outcome): Promise<void> {
    switch (command.kind) {
      case 'module': {
        const instance = await this.instantiate(await this.compile(command.source));
        this.bindInstance(command.name, { state: 'ready', value: instance });
        return;
      }
      case 'definition':
        this.bindDefinition(command.name, { state: 'ready', value: await this.compile(command.source) });
        return;
      case 'instance': {
        const slot = command.definition === undefined ? this.lastDefinition : this.definitions.get(command.definition);
        const instance = await this.instantiate(this.ready(slot, `module definition ${command.definition ?? ''}`));
        this.bindInstance(command.name, { state: 'ready', value: instance });
        return;
      }
      case 'register':
        this.registered.set(command.as, { state: 'ready', value: this.instance(command.module) });
        return;
      case 'action':
        await this.act(command.action, undefined);
        return;
      case 'assert_return':
        // Whether there is a module at all comes before whether the values can be compared.
        this.instance(command.action.module);
        return this.assertReturn(command.action, command.results.map(parsePattern));
      case 'assert_trap':
        return this.assertFailure(() => this.act(command.action, undefined), ['trap'], command.message, outcome, this.engine.exactTraps);
      case 'assert_exhaustion':
        return this.assertFailure(() => this.act(command.action, undefined), ['exhaustion'], command.message, outcome, false);
      case 'assert_exception':
        return this.assertFailure(() => this.act(command.action, undefined), ['exception'], '', outcome, false);
      case 'assert_trap_module': {
        const module = await this.compile(command.source);
        return this.assertFailure(() => this.instantiate(module), ['trap'], command.message, outcome, this.engine.exactTraps);
      }
      case 'assert_unlinkable': {
        const module = await this.compile(command.source);
        return this.assertFailure(() => this.instantiate(module), ['unlinkable'], command.message, outcome, false);
      }
      case 'assert_malformed':
      case 'assert_invalid':
        return this.assertFailure(() => this.compile(command.source), ['rejected'], command.message, outcome, false);
      case 'unknown':
        throw new Mismatch(`unknown command ${command.keyword}`);
    }
  }

  private bindInstance(name: string | undefined, slot: Slot<unknown>): void {
    this.current = slot;
    if (name !== undefined) this.instances.set(name, slot);
  }

  private bindDefinition(name: string | undefined, slot: Slot<unknown>): void {
    this.lastDefinition = slot;
    if (name !== undefined) this.definitions.set(name, slot);
  }

  private ready(slot: Slot<unknown> | undefined, what: string): unknown {
    if (!slot) throw new Mismatch(`there is no ${what}`);
    if (slot.state === 'ready') return slot.value;
    if (slot.state === 'skipped') throw new Dependent(`${what} was skipped`);
    throw new Mismatch(`${what} failed`);
  }

  private instance(name: string | undefined): unknown {
    return this.ready(name === undefined ? this.current : this.instances.get(name), name === undefined ? 'its module' : `module ${name}`);
  }

  private async compile(source: ModuleSource): Promise<unknown> {
    if (source.kind === 'binary') return this.engine.compile(source.bytes);
    if (source.text === undefined) throw new TextError('malformed UTF-8 encoding');
    return this.engine.compile(await parseText(source.text));
  }

  private async instantiate(module: unknown): Promise<unknown> {
    this.spectest ??= await instantiateSpectest(this.engine);
    return this.engine.instantiate(module, (from, name) => {
      const slot = this.registered.get(from);
      if (!slot) return from === 'spectest' ? this.engine.export(this.spectest, name) : undefined;
      return this.engine.export(this.ready(slot, `module "${from}"`), name);
    });
  }

  private async act(action: Action, types: (string | undefined)[] | undefined): Promise<Value[]> {
    const instance = this.instance(action.module);
    const found = this.engine.export(instance, action.name);
    if (found === undefined) throw new Mismatch(`no export "${action.name}"`);
    if (action.kind === 'get') return [this.engine.get(found, types?.[0])];
    return this.engine.invoke(found, action.args.map(parseValue), types);
  }

  private async assertReturn(action: Action, patterns: ReturnType<typeof parsePattern>[]): Promise<void> {
    const values = await this.act(action, patterns.map(patternType));
    if (values.length === patterns.length && values.every((value, i) => matches(value, patterns[i]))) return;
    throw new Mismatch(`expected [${patterns.map(showPattern).join(', ')}], got [${values.map(showValue).join(', ')}]`);
  }

  /** Runs what must fail in one of these ways. */
  private async assertFailure(
    what: () => Promise<unknown>,
    kinds: FailureKind[],
    expected: string,
    outcome: Outcome,
    exact: boolean,
  ): Promise<void> {
    let failure: Failure;
    try {
      await what();
    } catch (error) {
      if (error instanceof Mismatch || error instanceof Dependent || error instanceof UnsupportedValue) throw error;
      failure = error instanceof TextError ? { kind: 'rejected', message: error.message } : this.engine.failure(error);
      outcome.expected = expected;
      outcome.message = failure.message;
      outcome.wording = failure.message.includes(expected);
      if (!kinds.includes(failure.kind))
        throw new Mismatch(`expected ${kinds.join(' or ')} "${expected}", got ${failure.kind}: ${failure.message}`);
      // "uninitialized element 2": which one is not for a trap's message to say.
      if (exact && !failure.message.includes(expected.replace(/ \d+$/, '')))
        throw new Mismatch(`expected the message "${expected}", got: ${failure.message}`);
      return;
    }
    throw new Mismatch(`expected ${kinds.join(' or ')} "${expected}", but it succeeded`);
  }
}
