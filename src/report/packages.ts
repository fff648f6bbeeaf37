import { MissingPackageError } from '../errors.js';

interface Packages {
  vega: typeof import('vega');
  vegaLite: typeof import('vega-lite');
}

let loaded: Promise<Packages> | undefined;

/**
 * What charts are drawn with, loaded on first use.
 *
 * @throws MissingPackageError when vega or vega-lite is not installed
 */
export function loadVega(): Promise<Packages> {
  loaded ??= importVega();
  return loaded;
}

async function importVega(): Promise<Packages> {
  try {
    const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
    return { vega, vegaLite };
  } catch (cause) {
    // 6.5 of vega-lite needs Node 22.
    throw new MissingPackageError(
      'Drawing charts needs the packages vega and vega-lite: `npm install vega@6 vega-lite@~6.4`',
      {
        cause,
      },
    );
  }
}

/**
 * What maps are laid out with, loaded on first use.
 *
 * @throws MissingPackageError when umap-js is not installed
 */
export async function loadUmap(): Promise<typeof import('umap-js')> {
  try {
    return await import('umap-js');
  } catch (cause) {
    throw new MissingPackageError('Maps of items need the package umap-js: `npm install umap-js`', { cause });
  }
}
