// A line of the log for people at a terminal. Programs get the JSON that it is made from.

import { isRecord } from '../../shared/own.ts'

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'ERROR',
  60: 'FATAL',
}

/** In another part of the line, or of no use to a person. */
const LEFT_OUT = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'err', 'req', 'request_id'])

/** What others have sent must not steer the terminal. */
const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')

/** @param line one JSON object with its line break; anything else comes back as it is */
export function logText(line: string): string {
  const entry = parsed(line)
  if (!isRecord(entry)) return line
  const { level, time, msg, err, req } = entry
  const request = isRecord(req) ? [`${req.method} ${req.path}`] : []
  const fields = Object.entries(entry)
    .filter(([name, value]) => !LEFT_OUT.has(name) && value !== undefined && value !== msg)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const parts = [
    clockOf(time),
    (LEVELS[Number(level)] ?? 'info').padEnd(5),
    String(msg ?? ''),
    ...request,
    ...fields,
  ]
  const text = printable(parts.filter((part) => part !== '').join('  '))
  return `${text}${isRecord(err) ? errorText(err) : ''}\n`
}

const clockOf = (time: unknown): string => {
  const date = new Date(Number(time))
  const two = (value: number) => String(value).padStart(2, '0')
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
}

/** The message, then where it happened. */
const errorText = ({ type, message, stack }: Record<string, unknown>): string => {
  const text = typeof stack === 'string' && stack !== '' ? stack : `${type}: ${message}`
  return `\n${printable(text).replaceAll(/^/gm, '    ')}`
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
