import type { Dataset } from '../dataset/dataset.js';
import { train } from '../train/train.js';
import type { TuneOptions } from './options.js';
import type { TuneResult } from './result.js';

/**
 * Searches for good options of a model: trains it with many, on one part of the data, and compares them on another.
 *
 * A trial that diverges or fails is reported as such, and the search goes on. Equal seeds give equal trials and equal
 * results, however many trials run at once and however often the search was stopped and taken up from its journal;
 * only times differ.
 *
 * `model` of the result is the best trial's, as it was trained and measured: on the training part. For a model of all
 * data call `train(data, result.best.options)`.
 *
 * @param data divided into training and validation by `validation`, unless that is a Dataset; then all of it is trained on.
 * @throws TypeError, RangeError for wrong options and for a space none of whose trials could be trained; DataError for
 *   data that the model cannot learn from, and for a journal of another search; NativeLoadError; what a callback throws;
 *   the signal's reason when aborted. However it ends, the journal holds the trials that had ended.
 */
export async function tune(data: Dataset, options: TuneOptions): Promise<TuneResult> {
  // Loaded on first use, as most programs train and serve alone.
  const { search } = await import('./search.js');
  return search(data, options, train);
}
