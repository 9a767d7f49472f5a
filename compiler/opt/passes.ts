/** passes: the order of the optimisation passes, and the one entry to them.
 *  In: the function as translate left it: SSA, perhaps with aliases, redundant parameters, unreachable blocks.
 *  Out: for selection: no aliases, critical edges split (ir/cfg.ts), `rpo`, loops, `layoutOrder`, `useCount`; all of them
 *  of the final graph.
 *
 *  | pass | requires | because |
 *  |---|---|---|
 *  | simplify | - | first: parameters with one source hide equal values from everything else |
 *  | gvn | rpo, dominators, loops | loads are numbered by what loops write |
 *  | ifconv | no aliases, rpo; after gvn | arms are as short as they get |
 *  | simplify again | - | clears what checks and ifconv have cut off |
 *  | licm | rpo, dominators, loops; after gvn | twins are gone, so that room for invariants goes to different values |
 *  | dce | no aliases, rpo | last of those that edit values: all others leave values without use |
 *  | splitCriticalEdges | rpo | after all that edits the graph |
 *  | compactValues | no aliases, rpo; after dce | after all that makes or removes values |
 *  | layout | rpo, loops | of the final graph |
 *  | countUses | rpo, no aliases | of the final values | */

import { rebuildCfg, splitCriticalEdges, trimCfg } from '../ir/cfg';
import { compactValues } from '../ir/compact';
import { computeDominators, trimDominators } from '../ir/dom';
import { computeLoops, trimLoops } from '../ir/loop';
import { countUses, resolveAll, trimUses } from '../ir/uses';
import { OptLevel } from '../options';
import { removeDeadValues } from './dce';
import { mergeValues } from './gvn';
import { convertBranches } from './ifconv';
import { computeLayout, trimLayout } from './layout';
import { hoistInvariants } from './licm';
import { simplify } from './simplify';

export function optimise(level: OptLevel): void {
  if (level == OptLevel.None) {
    rebuildCfg();
  } else {
    simplify();
    computeDominators();
    computeLoops();
    let changed = mergeValues();
    if (changed) rebuildCfg();
    resolveAll();
    if (convertBranches()) changed = true;
    if (changed) {
      simplify();
      computeDominators();
      computeLoops();
    }
    if (hoistInvariants()) rebuildCfg();
  }
  // Beyond this point the graph only changes by blocks on critical edges.
  splitCriticalEdges();
  resolveAll();
  removeDeadValues();
  compactValues();
  computeDominators();
  computeLoops();
  trimDominators();
  computeLayout();
  countUses();
}

/** Gives back what selection read of the analyses of a large function. */
export function trimAnalyses(): void {
  trimUses();
  trimLayout();
  trimLoops();
  trimCfg();
}
