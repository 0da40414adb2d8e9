import { hash } from 'node:crypto'

/** A short text that is another one for other content. @param content what JSON can hold */
export const contentVersion = (content: unknown): string =>
  hash('sha256', JSON.stringify(content), 'base64url').slice(0, 22)
