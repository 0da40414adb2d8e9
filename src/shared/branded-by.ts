import { speaking } from './locales/texts.ts'

/** Which client and organization an interaction belongs to, for its brand. */
export interface BrandedBy {
  client?: string | undefined
  /** ID or short name. */
  organization?: string | undefined
}

/** Says whose page the running request answers, once its interaction is known. Outside of a request for a page, nothing happens. */
export function setBrand(by: BrandedBy | undefined): void {
  const found = speaking()
  if (found !== undefined) found.brand = by
}

/** As of `setBrand`; undefined: the server's. */
export const currentBrand = (): BrandedBy | undefined => speaking()?.brand
