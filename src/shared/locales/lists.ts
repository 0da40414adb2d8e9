import { currentLocale } from './texts.ts'

const listIn = (type: 'conjunction' | 'disjunction', values: readonly string[]): string =>
  new Intl.ListFormat(currentLocale() === 'en' ? 'en-GB' : currentLocale(), { type }).format(values)

/** “a, b and c”, in the current language. */
export const allOf = (values: readonly string[]): string => listIn('conjunction', values)

/** “a, b or c”, in the current language. */
export const anyOf = (values: readonly string[]): string => listIn('disjunction', values)
