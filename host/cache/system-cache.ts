/** system-cache: the user's cache folder for Ouro on systems other than Linux. */

import envPaths from 'env-paths';

export function systemCache(): string {
  return envPaths('ouro', { suffix: '' }).cache;
}
