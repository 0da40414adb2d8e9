import { shippedText } from './catalogue.ts'
import { ENGLISH } from './locales.ts'
import { currentLocale } from './texts.ts'

/**
 * A sentence of a table (of a client's fields, of settings, of events) in the language of the console. The table itself says it in English, which REST,
 * the command line and the docs show; locales/admin/{area}.{tag}.json holds it in the other languages of the console.
 * @param key `admin.`, the area, the row and its part: `admin.clients.field.redirect_uris.hint`; scripts/checks/described.ts lists all
 */
export function described(key: string, english: string): string {
  const tag = currentLocale()
  return tag === ENGLISH ? english : (shippedText(tag, key) ?? english)
}
