import { z } from 'zod'
import { ENGLISH, LOCALES } from '../../shared/locales/locales.ts'
import { saying } from '../../shared/locales/texts.ts'
import { choice, number, text } from '../kinds.ts'
import type { Setting } from '../setting.ts'

/** The server: its language, its messages, and what it keeps how long. */
export const serverRows = {
  default_locale: {
    section: 'pages',
    label: 'Language where nobody says one',
    sentence:
      'Of pages and messages for people whose app, account and browser name no language that there is. Tags of BCP 47.',
    ...choice(LOCALES.map(({ tag }) => tag) as [string, ...string[]], ENGLISH),
  },
  mail_from: {
    section: 'mail',
    guards: true,
    label: 'Sender of messages',
    sentence:
      'Who messages come from: a name and an address, or an address, which gets the name of the brand.',
    ...text(
      // The mailer refuses control characters: no header may be broken by one.
      z
        .string()
        .regex(
          /^(?=.{3,300}$)([^\p{Cc}<>]*<[^\s\p{Cc}@<>]+@[^\s\p{Cc}@<>]+>|[^\s\p{Cc}@<>]+@[^\s\p{Cc}@<>]+)$/u,
          saying('admin.settings.must.mail_from', { example: 'Latchkey <no-reply@example.com>' }),
        ),
      (issuer) => `Latchkey <no-reply@${new URL(issuer).hostname}>`,
    ),
  },
  audit_retention: {
    section: 'operation',
    guards: true,
    label: 'How long the audit log is kept',
    sentence: 'Days that entries of the audit log are kept.',
    see: 'audit.md',
    ...number(365, 0, 36_500, { unit: 'days', zero: 'admin.settings.zero.forever' }),
  },
  key_rotation_days: {
    section: 'operation',
    label: 'Age at which signing keys rotate',
    sentence: 'A signing key that is older gets a successor by itself.',
    see: 'rotate-keys.md',
    ...number(90, 0, 3650, { unit: 'days', zero: 'admin.settings.zero.never' }),
  },
  rate_limit: {
    section: 'limits',
    guards: true,
    label: 'Rate limits',
    sentence: '`off` for measurements only: it takes all of these limits away.',
    see: 'configuration.md#rate-limits',
    ...choice(['on', 'off'], 'on'),
  },
} as const satisfies Record<string, Setting>
