import { randomBytes } from 'node:crypto'

let last = 0
let counted = 0

/** An ID that sorts after those that this process gave before it, of the same millisecond too. @param now milliseconds since the epoch */
export function orderedId(now: number): string {
  counted = now > last ? 0 : counted + 1
  last = Math.max(last, now)
  const moment = last.toString(36).padStart(9, '0')
  return `${moment}${counted.toString(36).padStart(4, '0')}${randomBytes(9).toString('hex')}`
}
