import { z } from 'zod'
import { isPrivateHost } from '../../http/forms/allowed-redirects.ts'
import { saying } from '../../shared/locales/texts.ts'
import { isLoopbackHost } from '../../shared/loopback.ts'
import { choice, every, number, text, words } from '../kinds.ts'
import { DAY, type Setting, seconds } from '../setting.ts'

/** By plain http to this machine or one inside alone. */
function isRangeService(value: string): boolean {
  const url = URL.parse(value)
  if (url?.href !== value || !value.endsWith('/') || url.username || url.password || /[?#]/.test(value))
    return false
  return (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && (isLoopbackHost(url.hostname) || isPrivateHost(url.hostname)))
  )
}

/** Passwords: what they have to be, what is done about guessing, and what a hash costs. */
export const passwordRows = {
  password_min_length: {
    section: 'passwords',
    guards: true,
    label: 'Characters of a password, at least',
    sentence: 'Of passwords that are set from now on, and that sign in alone.',
    see: 'passwords.md#length',
    ...number(15, 8, 64),
  },
  password_min_length_with_second_factor: {
    section: 'passwords',
    guards: true,
    label: 'Characters of a password beside a second factor, at least',
    sentence: 'Of passwords that are set from now on by people of whom a second factor is required.',
    see: 'passwords.md#length',
    ...number(8, 8, 64),
  },
  password_words: {
    section: 'passwords',
    guards: true,
    label: 'Words that passwords may not consist of',
    sentence:
      'Names of your organization, its products and places: a password that is little else is refused, as one with the name of its owner is.',
    see: 'passwords.md#words-of-your-own',
    ...words({ problem: every((word) => word.length >= 3, 'admin.settings.must.password_words') }),
  },
  lockout_failures: {
    section: 'passwords',
    guards: true,
    label: 'Wrong passwords that lock an account',
    sentence: 'So many wrong passwords in a row lock an account.',
    see: 'security-model.md#guessing-and-lock-out',
    ...number(5, 1, 100),
  },
  lockout_seconds: {
    section: 'passwords',
    guards: true,
    label: 'How long a lock lasts',
    sentence: 'How long an account stays locked. Who resets the password need not wait.',
    ...seconds(900, 1, 30 * DAY),
  },
  breach_check: {
    section: 'passwords',
    guards: true,
    label: 'Stolen passwords',
    sentence:
      'Where new passwords are looked up among stolen ones, which are refused. `file`: in a list on this server, which `latchkey passwords import` creates. `api`: at a range service, which is told 5 characters of a hash.',
    see: 'passwords.md#stolen-passwords',
    ...choice(['off', 'file', 'api'], 'off'),
  },
  breach_api_url: {
    section: 'passwords',
    guards: true,
    label: 'Range service for stolen passwords',
    sentence: 'What `breach_check` `api` asks: its address, to which 5 characters are added.',
    see: 'passwords.md#stolen-passwords',
    ...text(
      z.string().refine(isRangeService, saying('admin.settings.must.breach_api_url')),
      () => 'https://api.pwnedpasswords.com/range/',
    ),
  },
  argon2_memory: {
    section: 'operation',
    guards: true,
    label: 'Memory of a password hash, in MiB',
    sentence:
      'What argon2id fills for each password that is checked. More is dearer to guess at, and takes longer at each sign-in. A hash with other costs is replaced at the next sign-in.',
    see: 'passwords.md#what-a-hash-costs',
    ...number(19, 19, 1024),
  },
  argon2_passes: {
    section: 'operation',
    guards: true,
    label: 'Passes of a password hash',
    sentence: 'How often argon2id goes over its memory.',
    see: 'passwords.md#what-a-hash-costs',
    ...number(2, 2, 16),
  },
  argon2_parallelism: {
    section: 'operation',
    guards: true,
    label: 'Lanes of a password hash',
    sentence:
      'Into how many parts argon2id divides its memory, each on a thread of its own. More than 1 is for servers with cores to spare.',
    see: 'passwords.md#what-a-hash-costs',
    ...number(1, 1, 8),
  },
} as const satisfies Record<string, Setting>
