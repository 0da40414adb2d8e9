import { domainOf } from '../../shared/domain-name.ts'
import { choice, every, words } from '../kinds.ts'
import { DAY, type Setting, seconds } from '../setting.ts'

/** Accounts: how they begin, and what their owners are told. */
export const accountRows = {
  registration: {
    section: 'accounts',
    label: 'Creating an account',
    sentence: '`open`: people create their own account. `closed`: only administrators create accounts.',
    ...choice(['open', 'closed'], 'open'),
  },
  email_domains: {
    section: 'accounts',
    label: 'Domains of email addresses',
    sentence:
      'Where the address of a new account must be, and a new address that people give. None: anywhere. A domain below one of them is another one. Administrators may give any address.',
    ...words({
      problem: every((word) => domainOf(word) !== undefined, 'admin.settings.must.email_domains'),
      normal: (word) => domainOf(word) ?? word,
    }),
  },
  verification_ttl: {
    section: 'accounts',
    guards: true,
    label: 'How long a verification is valid',
    sentence: 'The link and the code that verify an email address.',
    ...seconds(DAY, 300, 30 * DAY),
  },
  reset_ttl: {
    section: 'accounts',
    guards: true,
    label: 'How long a password reset is valid',
    sentence: 'The link that sets a new password.',
    ...seconds(3600, 300, 7 * DAY),
  },
  new_device_mails: {
    section: 'accounts',
    guards: true,
    label: 'Messages about new devices',
    sentence:
      'Whether people get a message about a sign-in on a device that is new to their account, with a link for who did not sign in.',
    see: 'account.md#a-new-device',
    ...choice(['on', 'off'], 'on'),
  },
  impersonation: {
    section: 'accounts',
    guards: true,
    label: 'Sign in as another person',
    sentence:
      'Whether an administrator may sign in as a person to help them: for 30 minutes, with a reason that is logged, and never in secret: the person gets a message at once. Switched off, those that run end.',
    see: 'help-as-them.md',
    ...choice(['off', 'on'], 'off'),
  },
} as const satisfies Record<string, Setting>
