/** build: which text of the drop-in's code stands beside the file that loads it; the bundler puts the text's hash here. */

export const build = '';
