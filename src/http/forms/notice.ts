import { type TextKey, t } from '../../shared/locales/texts.ts'
import { own } from '../../shared/own.ts'

/** What a page says was just done, by a word in its address: fixed texts, so that a link can put nothing on it. */
export function noticeIn(keys: Readonly<Record<string, TextKey>>, word: unknown): string | undefined {
  const key = typeof word === 'string' ? own(keys, word) : undefined
  return key && t(key)
}
