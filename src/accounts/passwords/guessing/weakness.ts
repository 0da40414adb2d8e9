import { t } from '../../../shared/locales/texts.ts'
import type { Composition, Part } from './guesses.ts'
import type { KnownWords } from './words.ts'

/** Why a password is easy to guess, and what to do instead: two sentences. */
export function weaknessOf(password: string, { parts }: Composition, words: KnownWords): string {
  const folded = password.toLowerCase()
  if (words.isCommonPassword(folded)) return t('password.weak.common')
  const letters = (kind?: Part['kind']): number =>
    parts
      .filter((part) => kind === undefined || part.kind === kind)
      .reduce((sum, { text }) => sum + (text.match(/\p{L}/gu)?.length ?? 0), 0)
  const half = letters() / 2
  if (letters('phrase') > half) return t('password.weak.phrase')
  if (letters('own') >= half && letters('own') > 0) return t('password.weak.own')
  const core = folded.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  if (words.isCommonPassword(core)) return t('password.weak.commonWithMore')
  const content = parts.filter(isContent)
  if (content.some(({ again }) => again)) return t('password.weak.repeats')
  if (content.every(({ kind }) => kind !== 'word')) return t('password.weak.rows')
  return content.length === 1 ? t('password.weak.wordWithMore') : t('password.weak.words')
}

/** Not a date, a number or signs that words are put together with. */
const isContent = ({ kind, text }: Part): boolean => kind !== 'date' && /\p{L}/u.test(text)
