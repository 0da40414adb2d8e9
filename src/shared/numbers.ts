import { byLanguage } from './locales/by-language.ts'

const numbers = byLanguage((tag) => new Intl.NumberFormat(tag))

/** A number as every page shows it, in the language of the request: `1,234`. */
export const numberInWords = (value: number): string => numbers().format(value)
