import { randomBytes } from 'node:crypto'

let last = 0
let counted = 0

/** What an id of the queue looks like; another text is none, and is not asked for. */
export const isDeliveryId = (text: string): boolean => /^[\da-z]{1,60}$/.test(text)

/** An id that sorts after those that this process gave before it. @param now milliseconds since the epoch */
export function nextId(now: number): string {
  counted = now > last ? 0 : counted + 1
  last = Math.max(last, now)
  const moment = last.toString(36).padStart(9, '0')
  return `${moment}${counted.toString(36).padStart(4, '0')}${randomBytes(9).toString('hex')}`
}
