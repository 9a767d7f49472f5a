/** launch-library: what is common to the files that bring the library, the command line, and threads' entries in: bundle.mjs puts it before them. */

export { open } from './loader.js';
