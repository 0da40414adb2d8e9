import { currentLocale } from './texts.ts'

/** A formatter for each language, made when it is first needed. @param make of a tag of BCP 47 */
export function byLanguage<Thing>(make: (tag: string) => Thing): () => Thing {
  const made = new Map<string, Thing>()
  return () => {
    // Days before months, as everywhere but in one country.
    const tag = currentLocale() === 'en' ? 'en-GB' : currentLocale()
    const known = made.get(tag)
    if (known !== undefined) return known
    const thing = make(tag)
    made.set(tag, thing)
    return thing
  }
}
