import { choice, every, number, words } from '../kinds.ts'
import type { Setting } from '../setting.ts'

const isHttpsOrigin = (word: string): boolean => {
  const url = URL.parse(word)
  return url?.protocol === 'https:' && url.origin === word
}

/** Ways to sign in, and second factors beside a password. */
export const signInRows = {
  identifier_first: {
    section: 'sign_in',
    label: 'Name and password on separate pages',
    sentence:
      '`on`: the first page asks for the email address or username alone. The second one says whose sign-in it is and asks for the password or a passkey, or leads to the provider of the organization that the address is of.',
    see: 'sign-in.md',
    ...choice(['off', 'on'], 'off'),
  },
  remembered_accounts: {
    section: 'sign_in',
    label: 'Accounts to choose from',
    sentence:
      '`on`: the sign-in page names the accounts that have signed in in this browser in the last 90 days, five at most, and how they did. People take them off the list. `off`: for browsers that many people share.',
    see: 'sign-in.md',
    ...choice(['on', 'off'], 'on'),
  },
  passkeys: {
    section: 'sign_in',
    guards: true,
    label: 'Passkeys',
    sentence:
      '`on`: people add passkeys to their account, and sign in with one. `off`: nobody adds one or signs in with it alone; those there are still verify a second factor. Browsers make them for a host name, never for an IP address.',
    see: 'passkeys.md',
    ...choice(['on', 'off'], 'on'),
  },
  passkey_origins: {
    section: 'sign_in',
    guards: true,
    label: 'Other sites where passkeys of this host work',
    sentence:
      'Origins of sites of yours that may ask for the passkeys of this one (`/.well-known/webauthn`). None: these pages alone.',
    see: 'passkeys.md#other-sites',
    ...words({
      problem: every(isHttpsOrigin, 'admin.settings.must.passkey_origins'),
    }),
  },
  phone_sign_in: {
    section: 'sign_in',
    guards: true,
    label: 'Signing in by phone number',
    sentence:
      '`on`: people sign in by their phone number in the place of a username, once a code that was sent there came back. The first account that verifies a number has it.',
    see: 'second-factors.md#a-phone-number-to-sign-in',
    ...choice(['off', 'on'], 'off'),
  },
  second_factor: {
    section: 'second_factors',
    guards: true,
    label: 'Who needs a second factor',
    sentence:
      '`optional`: people may set one up. `admins`: administrators and auditors have to, before they use the console. `everyone`: all people have to. `off`: nobody is asked to, and who has one already is still asked for it.',
    see: 'second-factors.md',
    ...choice(['off', 'optional', 'admins', 'everyone'], (issuer) =>
      issuer.startsWith('https:') ? 'admins' : 'optional',
    ),
  },
  email_codes: {
    section: 'second_factors',
    guards: true,
    label: 'Codes by email',
    sentence:
      '`on`: people who need a second factor and have none may verify a sign-in by a code that is mailed to them. It is the weakest one: a mailbox resets the password, too. People with a stronger one never use it.',
    see: 'second-factors.md',
    ...choice(['off', 'on'], 'off'),
  },
  remembered_devices_days: {
    section: 'second_factors',
    guards: true,
    label: 'How long a device is remembered',
    sentence:
      'For this long, a browser that a person had remembered is asked for no second factor. A shorter time counts for those that are there, too.',
    see: 'second-factors.md',
    ...number(30, 0, 365, { unit: 'days', zero: 'admin.settings.zero.second_factor' }),
  },
  recovery_delay_hours: {
    section: 'second_factors',
    guards: true,
    label: 'Delay of a recovery',
    sentence:
      'How long a person who has lost every second factor waits until they can be removed. Their owner is told at once, and can stop it in this time.',
    see: 'second-factors.md#all-of-them-lost',
    ...number(24, 1, 720, { unit: 'hours' }),
  },
} as const satisfies Record<string, Setting>
