/** The grant of the device flow (RFC 8628 §3.4), as registrations and token requests name it. */
export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** Seconds that a device waits between two polls (RFC 8628 §3.2). */
export const POLL_INTERVAL = 5

/** Seconds in which a person can enter a code: long enough to sign in on a phone, and to verify an address first. */
export const DEVICE_CODE_TTL = 900

/** The letters of a user code: consonants, so that no words come about (RFC 8628 §6.1). */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const LENGTH = 8

/** What people read or type for a letter of the alphabet, where it can be one letter only. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  '1': 'L',
  I: 'L',
  '2': 'Z',
  '5': 'S',
  '6': 'G',
  '8': 'B',
  U: 'V',
}

/**
 * The user code (RFC 8628 §6.1) that a person typed: in any case, with or without spaces, dashes or dots, full-width or not, with
 * digits and vowels that look like its letters. Undefined: the text can be no user code.
 */
export function readUserCode(typed: string): string | undefined {
  const characters = [...typed.normalize('NFKC').toUpperCase()].filter((each) => /[\p{L}\p{N}]/u.test(each))
  const letters = characters.map((each) => (Object.hasOwn(LOOK_ALIKES, each) ? LOOK_ALIKES[each] : each))
  const code = letters.join('')
  return code.length === LENGTH && [...code].every((letter) => LETTERS.includes(letter)) ? code : undefined
}

/** Whether it would be a code but for a letter that may be two of the alphabet: O and zero look like D and like Q. */
export const isAmbiguous = (typed: string): boolean =>
  readUserCode(typed) === undefined &&
  readUserCode(typed.normalize('NFKC').replaceAll(/[O0]/gi, 'D')) !== undefined

/** As devices show it: BCDF-GHJK. */
export const showUserCode = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`
