/** What people have of the attributes that administrators define, as it is kept with an account. */

/** By the name of the attribute; a value is a list of texts, of one unless the attribute is a list. */
export type AttributeValues = Readonly<Record<string, readonly string[]>>

const NONE: AttributeValues = Object.freeze({})

/** @param text JSON that this server has written; null: none */
export const storedAttributes = (text: string | null): AttributeValues =>
  text === null ? NONE : (JSON.parse(text) as AttributeValues)

/** As they are stored; null: none. */
export const attributesText = (values: AttributeValues): string | null =>
  Object.keys(values).length === 0 ? null : JSON.stringify(values)

/** Judges and shows values; `by` is who says them. */
export interface AttributeRules {
  /**
   * What is to be kept once `given` was said: of names left out what is there, none for null, '' and an empty list.
   * @throws ValidationError, each problem under `attributes.NAME`
   */
  changed(before: AttributeValues, given: unknown, by: 'administrator' | 'person'): AttributeValues
  /** Names of the attributes whose values are lists. */
  lists(): ReadonlySet<string>
}

/** Where none is defined. */
export const NO_ATTRIBUTES: AttributeRules = { changed: (before) => before, lists: () => new Set() }
