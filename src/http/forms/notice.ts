import { type TextKey, t } from '../../shared/locales/texts.ts'
import { own } from '../../shared/own.ts'

/** What a page says was just done, by a word in its address: fixed texts, so that a link can put nothing on it. */
export const noticeOf = (texts: Readonly<Record<string, string>>, word: unknown): string | undefined =>
  typeof word === 'string' ? own(texts, word) : undefined

/** The same, in the language of the person. */
export function noticeIn(keys: Readonly<Record<string, TextKey>>, word: unknown): string | undefined {
  const key = typeof word === 'string' ? own(keys, word) : undefined
  return key && t(key)
}
