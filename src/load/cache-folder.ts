import { homedir, platform } from 'node:os';
import { join } from 'node:path';

/**
 * The folder for downloads: `$XDG_CACHE_HOME/palate` or `~/.cache/palate`; on Windows `%LOCALAPPDATA%\palate\Cache`, on
 * macOS `~/Library/Caches/palate` (an XDG_CACHE_HOME that is set wins there too).
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, system: NodeJS.Platform = platform()): string {
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'palate');
  if (system === 'win32') return join(env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'palate', 'Cache');
  if (system === 'darwin') return join(homedir(), 'Library', 'Caches', 'palate');
  return join(homedir(), '.cache', 'palate');
}
