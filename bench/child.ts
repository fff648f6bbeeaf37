// One run of one driver in a process of its own: `child.ts TASK DRIVER PARAMETERS`, the result as JSON on stdout.
import { tasks } from './tasks/index.js';
import type { TrialParameters } from './types.js';

const [task, name, parameters] = process.argv.slice(2) as [string, string, string];
const { drivers } = await (tasks[task] as (typeof tasks)[string])();
const driver = drivers.find((d) => d.name === name);
if (driver === undefined) throw new Error(`task '${task}' has no driver '${name}'`);
const skipped = await driver.skip?.();
const result =
  skipped === undefined
    ? {
        ...(await driver.run(JSON.parse(parameters) as TrialParameters)),
        peakKilobytes: process.resourceUsage().maxRSS,
      }
    : { skipped };
process.stdout.write(`${JSON.stringify(result)}\n`);
