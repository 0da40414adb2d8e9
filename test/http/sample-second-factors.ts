import type { AccountFrame } from '../../src/accounts/pages/account/signed-in.ts'
import { newCodesPage } from '../../src/factors/pages/recovery-codes-page.ts'
import type { SecondFactorsSection } from '../../src/factors/pages/section.ts'
import { qrCode } from '../../src/http/pages/qr.ts'
import type { Sample } from './sample-pages.ts'

const uri =
  'otpauth://totp/id.example.com:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=id.example.com&algorithm=SHA1&digits=6&period=30'
const setup = { code: await qrCode(uri), key: 'GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ', uri }
const codes = Array.from({ length: 10 }, (_, index) => `ABC${'DEFGHIJKLM'[index]}-EFGH-IJKL-MNOP`)
const about = { username: 'ada', service: 'id.example.com', at: Date.UTC(2026, 10, 3) }

/** The part of the security page about second factors: none yet, and everything that there can be. */
export const sections: Record<'none' | 'all', SecondFactorsSection> = {
  none: {
    setUp: { action: '/account/security/app' },
    phone: { setUpHref: '/account/security/phone' },
    browsers: [],
  },
  all: {
    app: {
      detail: 'Set up on 3 November 2026, last used 12 Nov 2026, 08:15 UTC',
      removeHref: '/account/security/factors/1/remove',
    },
    setUp: { action: '/account/security/app' },
    phone: {
      detail: 'Number ending in …678, set up on 3 November 2026, last used 12 Nov 2026, 08:15 UTC',
      off: false,
      href: '/account/security/phone',
      removeHref: '/account/security/factors/2/remove',
    },
    recoveryCodes: { left: 3, few: true, href: '/account/security/recovery-codes' },
    appPasswords: { detail: '2', href: '/account/security/app-passwords' },
    browsers: [
      {
        device: 'Firefox on Linux',
        detail: 'Until 3 December 2026, last used 12 Nov 2026, 08:15 UTC, remembered from 192.0.2.1',
        action: '/account/security/browsers/forget',
        fields: { id: '1' },
      },
      {
        device: 'Safari on iOS',
        detail: 'Until 9 December 2026, last used 9 Nov 2026, 20:41 UTC, remembered from 2001:db8:12:3400::1',
        action: '/account/security/browsers/forget',
        fields: { id: '2' },
      },
    ],
    forgetAll: { action: '/account/security/browsers/forget-all' },
  },
}

export const secondFactorSamples = (account: AccountFrame): Sample[] => [
  {
    title: 'totp-setup',
    view: 'factors/totp-setup',
    data: {
      account,
      action: '/account/security/app/1',
      leave: { href: '/account/security', label: 'Not now' },
      ...setup,
    },
  },
  {
    title: 'totp-setup-wrong-in-flow',
    view: 'factors/totp-setup',
    status: 401,
    data: {
      client: { name: 'Harbour Notes' },
      reason: 'Harbour Notes asks for a second factor, and your account has none yet.',
      action: '/interaction/u1/second-factor/1',
      ...setup,
      errors: { code: 'The code is not right.' },
    },
  },
  {
    title: 'recovery-codes-new',
    view: 'factors/recovery-codes',
    data: {
      account: { ...account, notice: 'The app is turned on. One thing is left to do:' },
      ...newCodesPage(codes, about, '/account/security'),
    },
  },
  {
    title: 'recovery-codes-new-in-flow',
    view: 'factors/recovery-codes',
    data: newCodesPage(codes, about, '/interaction/u1'),
  },
  {
    title: 'recovery-codes-left',
    view: 'factors/recovery-codes',
    data: { account, left: 1, renew: { action: '/account/security/recovery-codes' } },
  },
  {
    title: 'recovery-code-used',
    view: 'factors/recovery-code-used',
    data: { left: 1, next: '/account', renewHref: '/account/security/recovery-codes' },
  },
  {
    title: 'recovery-code-used-in-flow',
    view: 'factors/recovery-code-used',
    data: { client: { name: 'Harbour Notes' }, left: 0, next: '/authorize/u1' },
  },
  {
    title: 'recovery-codes-none',
    view: 'factors/recovery-codes',
    data: { account, left: 0 },
  },
  {
    title: 'app-passwords',
    view: 'factors/app-passwords',
    data: {
      account,
      made: { name: 'Backup script', password: 'ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567' },
      items: [
        {
          name: 'Backup script',
          detail: 'Created on 3 November 2026, not used yet',
          removeHref: '/account/security/app-passwords/1/remove',
        },
      ],
      create: { action: '/account/security/app-passwords' },
    },
  },
  {
    title: 'app-passwords-wrong',
    view: 'factors/app-passwords',
    status: 422,
    data: {
      account,
      items: [],
      create: {
        action: '/account/security/app-passwords',
        values: { name: '' },
        errors: { name: 'Give it a name, so that you know it again.' },
      },
    },
  },
  {
    title: 'app-password-remove',
    view: 'factors/app-password-remove',
    data: {
      account,
      name: 'Backup script',
      form: { action: '/account/security/app-passwords/1/remove' },
      keepHref: '/account/security/app-passwords',
    },
  },
  { title: 'app-passwords-none', view: 'factors/app-passwords', data: { account, items: [] } },
  {
    title: 'second-step',
    view: 'factors/verify',
    data: {
      action: '/interaction/u1/second-factor',
      client: { name: 'Harbour Notes' },
      username: 'ada',
      method: 'totp',
      others: [
        { method: 'passkey', href: '/interaction/u1?method=passkey' },
        { method: 'recovery_code', href: '/interaction/u1?method=recovery_code' },
      ],
      passkey: undefined,
      rememberDays: 30,
      lostHref: '/login/recover',
      another: { action: '/interaction/u1/switch' },
      cancel: { action: '/interaction/u1/abort' },
    },
  },
  {
    title: 'second-step-sms',
    view: 'factors/verify',
    data: {
      action: '/login/verify',
      username: 'ada',
      method: 'sms',
      phone: '…678',
      send: { action: '/login/verify/send', fields: { method: 'sms' } },
      others: [{ method: 'recovery_code', href: '/login/verify?method=recovery_code' }],
      lostHref: '/login/recover',
      passkey: undefined,
      rememberDays: 30,
      another: { action: '/login/verify/another' },
    },
  },
  {
    title: 'second-step-sms-not-sent',
    view: 'factors/verify',
    status: 409,
    data: {
      action: '/login/verify',
      alert: 'The code could not be sent. Try again in a minute, or use another second factor.',
      username: 'ada',
      method: 'sms',
      phone: '…678',
      send: { action: '/login/verify/send', fields: { method: 'sms' } },
      others: [{ method: 'totp', href: '/login/verify?method=totp' }],
      lostHref: '/login/recover',
      passkey: undefined,
      rememberDays: undefined,
      another: { action: '/login/verify/another' },
    },
  },
  {
    title: 'phone-number',
    view: 'factors/phone-number',
    data: {
      account,
      action: '/account/security/phone',
      purpose: 'factor',
      values: { phone_number: '+49 151 12345678' },
      leave: { href: '/account/security', label: 'Not now' },
    },
  },
  {
    title: 'phone-number-wrong',
    view: 'factors/phone-number',
    status: 422,
    data: {
      account,
      action: '/account/security/phone?for=number',
      purpose: 'number',
      values: { phone_number: '+1 900 555 1234' },
      errors: {
        phone_number: 'Codes are not sent to numbers of this kind. Give the number of a mobile phone.',
      },
      leave: { href: '/account', label: 'Not now' },
    },
  },
  {
    title: 'phone-number-in-flow',
    view: 'factors/phone-number',
    data: {
      action: '/login/set-up/phone',
      purpose: 'factor',
      leave: { href: '/login/set-up', label: 'Another way' },
    },
  },
  {
    title: 'phone-code',
    view: 'factors/phone-code',
    data: {
      account,
      action: '/account/security/phone/1',
      purpose: 'number',
      number: '+4915112345678',
      again: { href: '/account/security/phone?for=number', label: 'Another number, or a new code' },
      leave: { href: '/account', label: 'Not now' },
    },
  },
  {
    title: 'phone-code-wrong-in-flow',
    view: 'factors/phone-code',
    status: 401,
    data: {
      action: '/login/set-up/phone/1',
      purpose: 'factor',
      number: '+4915112345678',
      errors: {
        code: 'The code is not right. Only the newest one works. After several wrong ones, wait a quarter of an hour.',
      },
      again: { href: '/login/set-up/phone', label: 'Another number, or a new code' },
      leave: { href: '/login/set-up', label: 'Another way' },
    },
  },
  {
    title: 'second-step-wrong',
    view: 'factors/verify',
    status: 401,
    data: {
      action: '/login/verify',
      username: 'ada',
      method: 'recovery_code',
      others: [{ method: 'totp', href: '/login/verify?method=totp' }],
      passkey: undefined,
      rememberDays: undefined,
      lostHref: '/login/recover',
      another: { action: '/login/verify/another' },
      errors: { code: 'The code is not right, or was used already.' },
    },
  },
  {
    title: 'second-step-passkey',
    view: 'factors/verify',
    data: {
      action: '/login/verify',
      username: 'ada',
      method: 'passkey',
      others: [],
      passkey: { action: '/login/verify/passkey', options: '{"challenge":"AAAA","allowCredentials":[]}' },
      rememberDays: undefined,
      lostHref: '/login/recover',
      another: { action: '/login/verify/another' },
    },
  },
  {
    title: 'second-step-impossible',
    view: 'factors/verify',
    data: {
      action: '/login/verify',
      username: 'ada',
      method: undefined,
      others: [],
      passkey: undefined,
      rememberDays: undefined,
      lostHref: '/login/recover',
      another: { action: '/login/verify/another' },
    },
  },
  {
    title: 'recover',
    view: 'factors/recover',
    data: {
      username: 'ada',
      delay: '24 hours',
      start: { action: '/login/recover' },
      verifyHref: '/login/verify',
    },
  },
  {
    title: 'recover-waits',
    view: 'factors/recover',
    data: {
      username: 'ada',
      delay: '24 hours',
      start: { action: '/login/recover' },
      waiting: { byAdministrator: true, readyAt: '4 Nov 2026, 14:05 UTC' },
      verifyHref: '/login/verify',
    },
  },
  {
    title: 'recover-ready',
    view: 'factors/recover',
    data: {
      username: 'ada',
      delay: '24 hours',
      waiting: {
        byAdministrator: false,
        readyAt: '4 Nov 2026, 14:05 UTC',
        ready: { until: '11 Nov 2026, 14:05 UTC', sendAgain: { action: '/login/recover/send' } },
      },
      notice: 'A new link is on its way. Only the newest one works.',
      verifyHref: '/login/verify',
    },
  },
  {
    title: 'recover-without-address',
    view: 'factors/recover',
    data: { username: 'ada', delay: '24 hours', verifyHref: '/login/verify' },
  },
  {
    title: 'recovery-stop',
    view: 'factors/recovery-stop',
    data: { action: '/login/recover/stop?token=t', username: 'ada', readyAt: '4 Nov 2026, 14:05 UTC' },
  },
  {
    title: 'recovery-finish',
    view: 'factors/recovery-finish',
    data: { username: 'ada', finish: { action: '/login/recover/finish' } },
  },
  {
    title: 'recovery-not-lost',
    view: 'factors/recovery-finish',
    data: { username: 'ada', stop: { action: '/login/recover/finish/stop' } },
  },
  {
    title: 'recovery-of-another',
    view: 'factors/recovery-finish',
    data: {
      username: 'ada',
      another: { username: 'grace', signIn: { action: '/login/recover/finish/another' } },
    },
  },
  { title: 'recovery-stopped', view: 'factors/recovery-over', data: { outcome: 'stopped' } },
  { title: 'recovery-finished', view: 'factors/recovery-over', data: { outcome: 'finished' } },
  { title: 'recovery-gone', view: 'factors/recovery-over', status: 410, data: { outcome: 'gone' } },
  {
    title: 'account-being-recovered',
    view: 'accounts/account/apps',
    data: {
      account: {
        ...account,
        recovery: {
          byAdministrator: false,
          readyAt: '4 Nov 2026, 14:05 UTC',
          stop: { action: '/account/recovery/stop' },
        },
      },
      launch: undefined,
      apps: [],
    },
  },
  {
    title: 'mailbox',
    view: 'factors/mailbox',
    data: {
      action: '/login/set-up/mailbox',
      username: 'ada',
      send: { action: '/login/set-up/mailbox/send' },
      sent: false,
      signOut: { action: '/account/sign-out' },
      leave: { href: '/account/security', label: 'Not now' },
    },
  },
  {
    title: 'mailbox-wrong',
    view: 'factors/mailbox',
    status: 401,
    data: {
      action: '/login/set-up/mailbox',
      username: 'ada',
      send: { action: '/login/set-up/mailbox/send' },
      sent: true,
      wait: 42,
      signOut: { action: '/account/sign-out' },
      cancel: { action: '/interaction/u1/cancel' },
      errors: { code: 'The code is not right, or was used already.' },
    },
  },
  {
    title: 'mailbox-none',
    view: 'factors/mailbox',
    data: {
      action: '/login/set-up/mailbox',
      username: 'ada',
      send: undefined,
      sent: false,
      signOut: { action: '/account/sign-out' },
      leave: { href: '/account/security', label: 'Not now' },
    },
  },
  {
    title: 'second-factor-set-up',
    view: 'factors/set-up',
    data: {
      username: 'ada',
      passkey: {
        action: '/account/security/passkeys',
        options:
          '{"challenge":"AAAA","rp":{"id":"localhost","name":"Latchkey"},"user":{"id":"AAAA","name":"ada","displayName":"ada"},"pubKeyCredParams":[],"excludeCredentials":[]}',
      },
      app: { action: '/login/set-up/app' },
      phone: { href: '/login/set-up/phone' },
      cancel: { action: '/interaction/u1/cancel' },
      signOut: { action: '/logout' },
      accountHref: undefined,
    },
  },
  {
    title: 'second-factor-set-up-console',
    view: 'factors/set-up',
    data: {
      username: 'ada',
      passkey: undefined,
      app: { action: '/login/set-up/app' },
      cancel: undefined,
      signOut: { action: '/logout' },
      accountHref: '/account',
      toConsole: true,
    },
  },
  {
    title: 'second-factor-set-up-passkeys-off',
    view: 'factors/set-up',
    data: {
      username: 'ada',
      passkey: undefined,
      app: undefined,
      cancel: { action: '/interaction/u1/cancel' },
      signOut: { action: '/logout' },
      accountHref: undefined,
    },
  },
  {
    title: 'remove-factor',
    view: 'factors/remove',
    data: {
      account,
      what: 'the authenticator app',
      last: true,
      form: { action: '/account/security/factors/1/remove' },
      keepHref: '/account/security',
    },
  },
  {
    title: 'remove-factor-of-several',
    view: 'factors/remove',
    data: {
      account,
      what: 'the passkey “iCloud Keychain”',
      last: false,
      form: { action: '/account/security/factors/2/remove' },
      keepHref: '/account/security',
    },
  },
]
