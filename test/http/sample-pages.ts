import type { AccountFrame } from '../../src/accounts/pages/account/signed-in.ts'
import type { Form, Pages, ProviderButton, ShownClient } from '../../src/http/pages/pages.ts'
import { qrCode } from '../../src/http/pages/qr.ts'
import { NO_ADMINISTRATOR } from '../../src/shared/no-administrator.ts'
import { addressFields } from '../../src/shared/profile/address-form.ts'
import { formFields, identifyingFields, personalFields } from '../../src/shared/profile/fields.ts'
import { passkeySamples, passkeySections } from './sample-passkeys.ts'
import { secondFactorSamples, sections } from './sample-second-factors.ts'

const names = formFields(identifyingFields, { own: true })
const fieldGroups = [
  { legend: 'Name', fields: names },
  { legend: 'All', fields: formFields(personalFields.slice(2), { own: true }), folded: true },
  { legend: 'Postal address', fields: addressFields({ own: true }), folded: true },
]

const client: ShownClient = {
  name: 'Harbour Notes',
  clientUri: 'https://notes.example',
  policyUri: 'https://notes.example/privacy',
  tosUri: 'https://notes.example/terms',
}
const logo =
  'data:image/svg+xml,%3Csvg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"%3E%3Crect width="10" height="10" fill="teal"/%3E%3C/svg%3E'
const providers: ProviderButton[] = [
  { name: 'GitHub', icon: 'github', action: '/login/github' },
  { name: 'Google', icon: 'google', action: '/login/google', fields: { return_to: '/account' } },
  { name: 'the <identity> service of Harbour and Sons', icon: 'oidc', action: '/login/harbour' },
]
const PAGES = { Profile: '', Security: '/security', Devices: '/sessions', Apps: '/apps', Data: '/data' }
const accountFrame = (current: keyof typeof PAGES): AccountFrame => ({
  username: 'ada',
  signOut: { action: '/account/sign-out' },
  pages: Object.entries(PAGES).map(([label, path]) => ({
    href: `/account${path}`,
    label,
    current: label === current,
  })),
})
const wrong = (values: Record<string, string>, errors: Record<string, string>): Partial<Form> => ({
  values,
  errors,
})

const chosen = (name: string) => ({
  name,
  href: `/interaction/u1?who=${name}`,
  forget: { action: '/login/accounts/forget', fields: { name } },
})

/** One state of one page. */
export type Sample = {
  [View in keyof Pages]: { title: string; view: View; data: Pages[View]; status?: number }
}[keyof Pages]

/** Every view, in the states that look different. Titles are unique. */
export const samples: Sample[] = [
  {
    title: 'sign-in',
    view: 'interaction/sign-in',
    data: {
      action: '/interaction/u1/login',
      client,
      providers,
      registerHref: '/register',
      forgotHref: '/forgot-password',
      cancel: { action: '/interaction/u1/abort' },
    },
  },
  {
    title: 'sign-in-passkey',
    view: 'interaction/sign-in',
    data: {
      action: '/login',
      passkey: {
        action: '/login/passkey',
        options: '{"challenge":"AAAA","allowCredentials":[]}',
        renewAt: '/o',
      },
      providers,
      registerHref: '/register',
      forgotHref: '/forgot-password',
    },
  },
  {
    title: 'sign-in-name',
    view: 'interaction/sign-in',
    data: {
      action: '/interaction/u1/sign-in',
      asks: 'identifier',
      client,
      passkey: { action: '/p', options: '{"challenge":"AAAA","allowCredentials":[]}', renewAt: '/o' },
      providers,
      organizationHref: '/login/organization',
      registerHref: '/register',
      forgotHref: '/forgot-password',
      cancel: { action: '/interaction/u1/cancel' },
    },
  },
  {
    title: 'sign-in-accounts',
    view: 'interaction/sign-in',
    data: {
      action: '/login',
      accounts: [chosen('ada'), chosen('grace.hopper.of.the.whole.harbour.and.beyond'), chosen('李')],
      passkey: { action: '/p', options: '{"challenge":"AAAA","allowCredentials":[]}', renewAt: '/o' },
      lastByPasskey: true,
      providers: providers.map((each, at) => ({ ...each, last: at === 2 })),
      forgotHref: '/forgot-password',
      registerHref: '/register',
    },
  },
  {
    title: 'sign-in-named',
    view: 'interaction/sign-in',
    data: {
      action: '/interaction/u1/sign-in?who=w',
      asks: 'password',
      name: 'ada.lovelace@engines.harbour.example',
      notYouHref: '/interaction/u1?who=',
      otherWaysHref: '/interaction/u1?who=',
      client,
      passkey: { action: '/p', options: '{"challenge":"AAAA","allowCredentials":[]}', renewAt: '/o' },
      providers: providers.slice(2),
      forgotHref: '/forgot-password',
      cancel: { action: '/interaction/u1/cancel' },
    },
  },
  {
    title: 'sign-in-again',
    view: 'interaction/sign-in',
    data: {
      action: '/login?again=1',
      asks: 'nothing',
      name: 'ada',
      notYouHref: '/logout',
      providers: providers.slice(0, 1),
      forgotHref: '/forgot-password',
      leave: '/account',
      notice: 'Sign in again to confirm that it is you.',
    },
  },
  {
    title: 'sign-in-wrong',
    view: 'interaction/sign-in',
    status: 422,
    data: {
      action: '/login',
      providers: [],
      registerHref: '/register',
      forgotHref: '/forgot-password',
      alert: 'The email, username or password is wrong.',
      values: { identifier: 'ada@example.org' },
      notice: 'Your password has been changed. Sign in with the new one.',
    },
  },
  {
    title: 'consent',
    view: 'interaction/consent',
    data: {
      action: '/interaction/u1/consent',
      client: { ...client, logoUri: 'https://notes.example/logo.png' },
      account: { username: 'ada', email: 'ada@example.org' },
      switchAccount: { action: '/interaction/u1/switch' },
      access: {
        own: [
          { title: 'Know who you are', detail: 'Your username and an identifier', before: true },
          { title: 'See your email address' },
          { title: 'Stay connected while you are away' },
        ],
        apis: [
          {
            name: 'Bank of the Harbour',
            scopes: [
              { title: 'See what is in your accounts' },
              { title: 'Pay bills', detail: 'Up to what you have set at the bank.', sensitive: true },
            ],
          },
          { name: 'Books', scopes: [{ title: 'Use Books for what it calls “books:read”' }] },
        ],
        lasts:
          'What you allow is remembered until you remove it; the app can act for you until you sign out, for up to 42 days.',
      },
      leadsTo: { website: 'notes.example' },
    },
  },
  {
    title: 'register',
    view: 'accounts/register',
    data: {
      ...{ names, action: '/register', client, providers, signInHref: '/login' },
      ...{ passwordMinLength: 15, strength: 'sealed' },
    },
  },
  {
    title: 'register-wrong',
    view: 'accounts/register',
    status: 422,
    data: {
      names,
      action: '/register',
      providers: [],
      signInHref: '/login',
      passwordMinLength: 15,
      ...wrong(
        { username: 'ada lovelace', email: 'ada@', given_name: '<b>Ada</b>' },
        {
          username: 'Use letters, digits, dots, dashes and underscores.',
          email: 'This is not an email address.',
          password:
            'This password has 11 of at least 15 characters. A few unrelated words are easy to remember.',
        },
      ),
    },
  },
  {
    title: 'verify-code',
    view: 'accounts/verify-email',
    data: {
      action: '/verify-email',
      email: 'ada@example.org',
      resend: { action: '/verify-email/resend' },
      wait: 42,
      later: { href: '/account', label: 'Do this later' },
      errors: { code: 'This code is wrong. Four attempts are left.' },
      notice: 'A new code is on its way.',
      change: {
        action: '/verify-email/address',
        values: { email: 'ada@' },
        errors: { email: 'Enter an email address like name@example.com.' },
      },
    },
  },
  {
    title: 'verify-link',
    view: 'accounts/verify-email',
    data: {
      action: '/verify-email',
      email: 'ada@example.org',
      token: 'b25lLXRpbWU',
      owner: { username: 'ada', since: '22 November 2026' },
      refuse: { action: '/verify-email/refuse', fields: { token: 'b25lLXRpbWU' } },
    },
  },
  {
    title: 'invitation',
    view: 'accounts/invitation',
    data: {
      action: '/invitation',
      token: 't',
      service: 'id.example.com',
      invitedBy: 'Ada Lovelace',
      username: 'grace',
      email: 'grace@example.org',
      role: 'help-desk',
      passwordMinLength: 15,
      providers,
      errors: {
        password:
          'This password has 11 of at least 15 characters. A few unrelated words are easy to remember.',
      },
    },
  },
  ...(['stranger', 'another', 'invited'] as const).map(
    (who) =>
      ({
        title: `organization-invitation-${who}`,
        view: 'accounts/organization-invitation',
        data: {
          organization: 'Acme & Sons Ltd',
          invitedBy: 'Ada Lovelace',
          email: 'grace@example.org',
          account:
            who === 'stranger'
              ? undefined
              : { username: 'grace', email: who === 'invited' ? 'grace@example.org' : undefined },
          join:
            who === 'invited' ? { action: '/invitation/organization', fields: { token: 't' } } : undefined,
          signInHref: '/login?return_to=%2Finvitation%2Forganization',
          signOut: { action: '/account/sign-out' },
          create: {
            action: '/invitation/organization/register?token=t',
            ...(who === 'stranger' && wrong({ username: 'x' }, { username: 'Use at least 3 characters.' })),
          },
          passwordMinLength: 15,
        },
      }) as const,
  ),
  { title: 'invitation-expired', view: 'accounts/invitation-expired', status: 410, data: {} },
  {
    title: 'email-refused',
    view: 'accounts/email-refused',
    data: { username: 'mallory', email: 'ada@example.org' },
  },
  {
    title: 'email-verified',
    view: 'accounts/email-verified',
    data: { next: { href: '/account', label: 'Continue' } },
  },
  {
    title: 'device-code',
    view: 'device/code',
    data: { action: '/device', fromLink: false, alert: 'This took too long. Enter the code once more.' },
  },
  {
    title: 'device-sign-in',
    view: 'interaction/sign-in',
    data: {
      action: '/interaction/u1/sign-in',
      client,
      device: true,
      providers,
      registerHref: '/register',
      forgotHref: '/forgot-password',
      cancel: { action: '/interaction/u1/cancel' },
    },
  },
  {
    title: 'device-cancelled',
    view: 'device/code',
    data: { action: '/device', fromLink: false, notice: 'You cancelled, and nothing was done.' },
  },
  {
    title: 'device-code-wrong',
    view: 'device/code',
    data: {
      action: '/device',
      fromLink: false,
      ...wrong({ user_code: 'BCDF-GHJ' }, { user_code: 'There is no such code.' }),
    },
    status: 422,
  },
  {
    title: 'device-link',
    view: 'device/code',
    data: {
      action: '/device',
      fromLink: true,
      values: { user_code: 'BCDF-GHJK' },
      phone: {
        address: 'id.example/device',
        code: 'BCDF-GHJK',
        qr: await qrCode('https://id.example/device?user_code=BCDF-GHJK'),
      },
    },
  },
  {
    title: 'device-confirm',
    view: 'device/confirm',
    data: {
      action: '/interaction/x/consent',
      client: { ...client, unverified: true },
      account: { username: 'ada', email: 'ada@example.org' },
      switchAccount: { action: '/interaction/x/switch' },
      access: {
        own: [{ title: 'Know who you are' }],
        apis: [{ name: 'Photos API', scopes: [{ title: 'See your photos' }] }],
      },
      device: { name: 'Calls itself “curl/8.5.0”', address: '192.0.2.1', since: '2 minutes ago' },
    },
  },
  { title: 'device-approved', view: 'device/done', data: { app: 'Harbour Notes', outcome: 'approved' } },
  { title: 'device-denied', view: 'device/done', data: { app: 'Harbour Notes', outcome: 'denied' } },
  {
    title: 'forgot',
    view: 'accounts/forgot-password',
    data: { action: '/forgot-password', signInHref: '/login' },
  },
  {
    title: 'forgot-sent',
    view: 'accounts/forgot-sent',
    data: { name: 'ada@example.org', signInHref: '/login', retryHref: '/forgot-password' },
  },
  {
    title: 'reset',
    view: 'accounts/reset-password',
    data: {
      action: '/reset-password',
      token: 't',
      username: 'ada',
      passwordMinLength: 15,
      errors: { password: 'This password is among the most common ones.' },
    },
  },
  {
    title: 'not-me',
    view: 'accounts/not-me',
    data: {
      action: '/login/not-me?token=sample',
      username: 'ada',
      device: 'Firefox on Linux',
      at: '3 Nov 2026, 14:05 UTC',
      address: '192.0.2.1',
    },
  },
  { title: 'not-me-sent', view: 'accounts/not-me-over', data: { outcome: 'sent' } },
  { title: 'not-me-no-password', view: 'accounts/not-me-over', data: { outcome: 'no_password' } },
  { title: 'not-me-gone', view: 'accounts/not-me-over', data: { outcome: 'gone' } },
  {
    title: 'reset-done',
    view: 'accounts/reset-done',
    data: { next: { href: '/login', label: 'Sign in' } },
  },
  {
    title: 'reset-expired',
    view: 'accounts/reset-expired',
    data: { retryHref: '/forgot-password', signInHref: '/login' },
  },
  {
    title: 'account',
    view: 'accounts/account/profile',
    data: {
      account: { ...accountFrame('Profile'), notice: 'Your profile is saved.', adminHref: '/admin' },
      email: {
        action: '/account/email',
        current: 'ada@example.org',
        pending: {
          action: '/account/email/verify',
          email: 'countess@example.org',
          errors: { code: 'That code is not right. Enter the 6 digits of the newest message.' },
          resend: { action: '/account/email/resend' },
          cancel: { action: '/account/email/cancel' },
        },
      },
      picture: {
        action: '/account/picture',
        addressAction: '/account/picture/address',
        current: 'https://img.example/ada.png',
        remove: { action: '/account/picture/remove' },
        errors: { picture: 'Use a PNG, JPEG or WebP picture.' },
      },
      username: {
        action: '/account/username',
        current: 'ada',
        errors: { username: 'This username is taken.' },
        values: { username: 'grace' },
      },
      profile: {
        groups: fieldGroups,
        attributes: {
          shown: [{ label: 'Hired on', value: '2026-01-31' }],
          controls: [
            { name: 'attributes.team', label: 'Team', hint: undefined, kind: 'text' },
            { name: 'attributes.skills', label: 'Skills', hint: 'One a line.', kind: 'lines' },
            {
              ...{ name: 'attributes.remote', label: 'Works from home', hint: undefined, kind: 'choice' },
              options: [
                { value: '', label: 'Not said' },
                { value: 'true', label: 'Yes' },
              ],
            },
          ],
        },
        phone: { number: '+442079460123', verified: true },
        action: '/account/profile',
        values: { given_name: 'Ada', phone_number: '+442079460123', 'address.country': 'United Kingdom' },
      },
    },
  },
  {
    title: 'account-bare',
    view: 'accounts/account/profile',
    data: {
      account: accountFrame('Profile'),
      email: {
        action: '/account/email',
        pending: {
          ...{ action: '/account/email/verify', email: 'ada@example.org' },
          resend: { action: '/account/email/resend' },
        },
        errors: { email: 'This is not an email address.' },
        values: { email: 'ada' },
      },
      picture: { action: '/account/picture', addressAction: '/account/picture/address' },
      username: { action: '/account/username', current: 'ada' },
      profile: {
        groups: fieldGroups,
        attributes: { controls: [], shown: [] },
        phone: undefined,
        action: '/account/profile',
      },
    },
  },
  {
    title: 'account-security',
    view: 'accounts/account/security',
    data: {
      account: accountFrame('Security'),
      password: {
        action: '/account/password',
        passwordMinLength: 15,
        forgotHref: '/forgot-password',
        errors: { current_password: 'This is not your current password.' },
      },
      secondFactors: sections.all,
      passkeys: passkeySections.some,
      linked: [
        {
          name: 'GitHub',
          icon: 'github',
          detail: 'ada-l · linked on 3 November 2026',
          remove: { action: '/account/unlink', fields: { id: '1' } },
        },
        { name: 'acme', off: true, remove: { action: '/account/unlink', fields: { id: '2' } } },
      ],
      linkable: [{ name: 'Google', icon: 'google', action: '/account/links/google' }],
      activity: {
        items: [
          {
            text: 'You signed in with a passkey',
            when: '3 Nov 2026, 14:05:09 UTC',
            datetime: '2026-11-03T14:05:09.000Z',
            address: '2001:db8:12:3400:abcd:ef01:2345:6789',
            device: 'Firefox on Linux',
          },
          {
            text: 'An administrator unlocked your account',
            when: '3 Nov 2026, 13:00:00 UTC',
            datetime: '2026-11-03T13:00:00.000Z',
          },
        ],
        newest: '/account/security#activity',
        older: '/account/security?before=17#activity',
      },
    },
  },
  {
    title: 'account-security-bare',
    view: 'accounts/account/security',
    data: {
      account: {
        ...accountFrame('Security'),
        alert: 'GitHub does not answer at the moment. Try again later, or sign in another way.',
      },
      secondFactors: sections.none,
      passkeys: passkeySections.stale,
      linked: [{ name: 'Google', icon: 'google' }],
      linkable: [],
      activity: { items: [] },
      setPassword: { action: '/forgot-password', fields: { email: 'grace@example.org' } },
    },
  },
  ...secondFactorSamples(accountFrame('Security')),
  ...passkeySamples(accountFrame('Security')),
  {
    title: 'account-sessions',
    view: 'accounts/account/sessions',
    data: {
      account: accountFrame('Devices'),
      sessions: [
        {
          action: '/account/sessions/1',
          device: 'Firefox on Linux',
          detail: 'Signed in 3 November 2026 from 192.0.2.1',
          current: true,
        },
        {
          action: '/account/sessions/2',
          device: 'Safari on iPhone',
          detail: 'Signed in 1 November 2026 from 2001:db8:12:3400:abcd:ef01:2345:6789',
          current: false,
        },
      ],
      signOutOthers: { action: '/account/sessions' },
      signOutEverywhere: { action: '/account/sessions/end-all' },
    },
  },
  {
    title: 'account-sessions-one',
    view: 'accounts/account/sessions',
    data: {
      account: accountFrame('Devices'),
      signOutEverywhere: { action: '/account/sessions/end-all' },
      sessions: [
        {
          action: '/account/sessions/1',
          device: 'Chrome on Windows',
          detail: 'Signed in today',
          current: true,
        },
      ],
    },
  },
  {
    title: 'account-apps',
    view: 'accounts/account/apps',
    data: {
      account: accountFrame('Apps'),
      launch: [
        { href: 'https://harbour.example', client },
        { href: 'https://long.example', client: { name: 'W'.repeat(100) } },
      ],
      apps: [
        {
          action: '/account/apps/1',
          client,
          access: {
            own: [{ title: 'Know who you are' }, { title: 'Stay connected' }],
            apis: [
              {
                name: 'Bank of the Harbour',
                scopes: [{ title: 'See what is in your accounts' }, { title: 'Pay bills', sensitive: true }],
              },
              { name: 'Books', scopes: [{ title: 'Use Books for what it calls “books:read”' }] },
            ],
          },
          detail: 'Since 3 November 2026',
          parts: [
            {
              words: 'See your email address',
              action: '/account/apps/take-back',
              fields: { id: '1', part: 'scope email' },
            },
          ],
        },
      ],
    },
  },
  {
    title: 'account-apps-none',
    view: 'accounts/account/apps',
    data: { account: accountFrame('Apps'), launch: [], apps: [] },
  },
  {
    title: 'account-groups',
    view: 'accounts/account/groups',
    data: {
      account: accountFrame('Apps'),
      groups: [
        { href: '/account/groups/1', name: 'Engineers', description: 'Who builds the product' },
        { href: '/account/groups/2', name: 'A'.repeat(64), description: '' },
      ],
      pager: { first: '/account/groups', next: '/account/groups?cursor=a' },
    },
  },
  ...[true, false].map(
    (none) =>
      ({
        title: `account-organizations${none ? '-none' : ''}`,
        view: 'accounts/account/organizations',
        data: {
          account: accountFrame('Apps'),
          organizations: none
            ? []
            : [
                {
                  ...{ name: 'Acme Ltd', slug: 'acme', roles: ['admin', 'member'], disabled: false },
                  manageHref: '/account/organizations/1',
                },
                { name: 'A'.repeat(100), slug: 'a'.repeat(63), roles: [], disabled: true },
              ],
        },
      }) as const,
  ),
  {
    title: 'account-organization',
    view: 'accounts/account/organization',
    status: 422,
    data: {
      account: accountFrame('Apps'),
      name: 'Acme & Sons Ltd',
      members: [
        {
          ...{ name: 'ada', roles: ['admin', 'member'], detail: 'Since 3 November 2026', you: true },
          href: '/account/organizations/1/members/ada',
        },
        {
          ...{ name: 'a-rather-long-username-of-somebody-who-is-in-it', roles: [], you: false },
          ...{ detail: 'Since 3 November 2026', href: '/account/organizations/1/members/long' },
        },
        { name: 'root', roles: ['owner'], detail: 'Since 3 November 2026', you: false },
      ],
      pager: { next: '/account/organizations/1?cursor=a' },
      invitations: [
        {
          ...{ email: 'grace@acme.example', detail: 'member · until 10 November 2026', expired: false },
          acts: {
            again: { action: '/account/organizations/1/invitations/send', fields: { invitation: '1' } },
            revokeHref: '/account/organizations/1/invitations/revoke?invitation=1',
          },
        },
        { email: 'linus@acme.example', detail: 'owner · until 1 November 2026', expired: true },
      ],
      invitationPager: { first: '/account/organizations/1' },
      invite: {
        action: '/account/organizations/1/invitations',
        ...wrong({ email: 'bob' }, { email: 'Enter an email address like name@example.com.' }),
      },
      roles: [
        { name: 'roles.admin', label: 'admin', checked: false },
        { name: 'roles.member', label: 'member', checked: true },
      ],
      domains: [
        {
          ...{ domain: 'acme.example', verified: true, warning: 'Its record is missing in DNS.' },
          record: { name: '_latchkey-challenge.acme.example', value: 'latchkey-verification=abc' },
          verify: { action: '/account/organizations/1/domains/verify', fields: { domain: 'acme.example' } },
          removeHref: '/account/organizations/1/domains/remove?domain=acme.example',
        },
        {
          ...{ domain: `${'a-very-long-name.'.repeat(8)}example`, verified: false },
          record: {
            name: `_latchkey-challenge.${'a-very-long-name.'.repeat(8)}example`,
            value: 'latchkey-verification=abc',
          },
          verify: { action: '/account/organizations/1/domains/verify', fields: { domain: 'b.example' } },
          removeHref: '/account/organizations/1/domains/remove?domain=b.example',
        },
      ],
      addDomain: {
        action: '/account/organizations/1/domains',
        ...wrong({ domain: 'localhost' }, { domain: 'Enter a domain like acme.example.' }),
      },
      providerHref: '/account/organizations/1/provider',
      unserved: true,
    },
  },
  ...(['open', 'closed', 'tested'] as const).map(
    (state) =>
      ({
        title: `account-organization-provider-${state}`,
        view: 'accounts/account/organization-provider',
        data: {
          account: accountFrame('Apps'),
          organization: 'Acme & Sons Ltd',
          closed: state === 'closed' ? 'Verify a domain first.' : undefined,
          unverified: state === 'closed',
          domainsHref: state === 'closed' ? '/account/organizations/1#domains-heading' : undefined,
          redirectUri: `https://id.example/api/auth/oauth/org-${'0123456789abcdef'.repeat(2).slice(4)}/callback`,
          form: {
            action: '/account/organizations/1/provider',
            ...(state === 'tested'
              ? { values: { issuer: 'https://login.acme.example', client_id: 'latchkey', join: 'on' } }
              : wrong({ issuer: 'http://a' }, { issuer: 'Enter the issuer.', required: 'It fails.' })),
          },
          version: '1',
          stale:
            state === 'open'
              ? [
                  {
                    label: 'Issuer',
                    value: 'https://a-rather-long-name-of-a-provider.login.acme.example/realms/acme',
                  },
                  { label: 'Addresses of your domains sign in there only', value: 'No' },
                ]
              : undefined,
          authMethods: ['client_secret_basic', 'client_secret_post'],
          secretHint: 'It is not shown. Leave this empty to keep it.',
          roles: [{ name: 'roles.member', label: 'member', checked: true }],
          acts:
            state === 'open'
              ? undefined
              : {
                  disabled: state === 'closed',
                  toggle: { action: '/account/organizations/1/provider/disable' },
                  test: { action: '/account/organizations/1/provider/test' },
                  removeHref: '/account/organizations/1/provider/remove',
                },
          findings:
            state === 'tested'
              ? [
                  { name: 'issuer', status: 'ok', message: 'as it should be' },
                  { name: 'keys', status: 'warn', message: 'for ES256', remedy: 'see the provider' },
                  {
                    ...{ name: 'client credentials', status: 'fail', message: 'not accepted' },
                    remedy: 'enter the client ID and the secret that the provider shows for Latchkey',
                  },
                ]
              : undefined,
          backHref: '/account/organizations/1',
        },
      }) satisfies Sample,
  ),
  {
    title: 'account-organization-confirm',
    view: 'accounts/account/organization-confirm',
    data: {
      account: accountFrame('Apps'),
      title: 'Remove the provider of Acme & Sons Ltd',
      alert: 'It was changed since you opened this page, and is not removed. Look at it again first.',
      ends: 'Nobody signs in there any more, and the client secret is gone. Accounts and memberships stay.',
      label: 'Remove provider',
      form: { action: '/account/organizations/1/provider/remove', fields: { version: '1' } },
      backHref: '/account/organizations/1/provider',
    },
  },
  ...[true, false].map(
    (you) =>
      ({
        title: `account-organization-member${you ? '-you' : ''}`,
        view: 'accounts/account/organization-member',
        data: {
          account: accountFrame('Apps'),
          organization: 'Acme & Sons Ltd',
          member: 'bob',
          you,
          form: {
            action: '/account/organizations/1/members/bob',
            ...(you && wrong({}, { roles: 'Choose among those that you can give: admin, member.' })),
          },
          roles: [
            { name: 'roles.admin', label: 'admin', checked: you },
            { name: 'roles.member', label: 'member', checked: true },
          ],
          remove: { action: '/account/organizations/1/members/bob/remove' },
          backHref: '/account/organizations/1',
        },
      }) as const,
  ),
  {
    title: 'account-groups-none',
    view: 'accounts/account/groups',
    data: { account: accountFrame('Apps'), groups: [], pager: {} },
  },
  {
    title: 'account-group',
    view: 'accounts/account/group',
    status: 422,
    data: {
      account: accountFrame('Apps'),
      name: 'Engineers',
      description: 'Who builds the product',
      roles: ['Clerk', 'Reader'],
      members: [
        {
          name: 'ada',
          detail: 'Since 3 November 2026',
          tags: ['Manager', 'You'],
          removeHref: '/account/groups/1/remove/ada',
        },
        {
          name: 'a-rather-long-username-of-somebody-who-is-in-it',
          detail: 'Since 3 November 2026',
          tags: [],
          removeHref: '/account/groups/1/remove/long',
        },
        { name: 'root', detail: 'Since 3 November 2026', tags: [] },
      ],
      pager: { next: '/account/groups/1?cursor=a' },
      add: {
        action: '/account/groups/1/members',
        ...wrong({ user: 'bob' }, { user: 'There is nobody of this username or address whom you can add.' }),
      },
    },
  },
  {
    title: 'account-group-remove',
    view: 'accounts/account/group-remove',
    data: {
      account: accountFrame('Apps'),
      name: 'Engineers',
      member: 'bob',
      roles: ['Clerk'],
      form: { action: '/account/groups/1/remove/bob' },
      keepHref: '/account/groups/1',
    },
  },
  {
    title: 'account-group-leave',
    view: 'accounts/account/group-remove',
    data: {
      account: accountFrame('Apps'),
      name: 'Engineers',
      roles: [],
      form: { action: '/account/groups/1/remove/ada' },
      keepHref: '/account/groups/1',
    },
  },
  {
    title: 'account-data',
    view: 'accounts/account/data',
    data: {
      account: accountFrame('Data'),
      download: { action: '/account/data/download' },
      deleteHref: '/account/data/delete',
    },
  },
  {
    title: 'account-delete',
    view: 'accounts/account/delete',
    data: {
      account: accountFrame('Data'),
      action: '/account/data/delete',
      deletedOn: '14 December 2026',
      graceDays: 14,
      impact: ['2 devices are signed out', 'One app loses its access'],
    },
  },
  { title: 'account-deleted', view: 'accounts/account/deleted', data: { graceDays: 14 } },
  {
    title: 'account-leaving',
    view: 'accounts/account/leaving',
    data: {
      username: 'ada',
      deletedOn: '14 December 2026',
      keep: { action: '/account/deletion/keep' },
      signOut: { action: '/account/deletion/sign-out' },
    },
  },
  {
    title: 'setup',
    view: 'accounts/setup',
    data: { action: '/setup', token: 't', passwordMinLength: 15 },
  },
  {
    title: 'finish-username',
    view: 'federation/finish',
    status: 409,
    data: {
      action: '/login/finish/t',
      provider: 'Google',
      upstreamName: 'grace@example.org',
      email: 'grace@example.org',
      signInHref: '/login',
      ...wrong({ username: '<b>grace</b>' }, { username: 'This username is taken. Choose another one.' }),
    },
  },
  {
    title: 'finish-email',
    view: 'federation/finish',
    data: {
      action: '/login/finish/t',
      provider: 'GitHub',
      upstreamName: 'grace',
      signInHref: '/login',
      values: { username: 'grace', email: '' },
    },
  },
  {
    title: 'link-password',
    view: 'federation/link',
    status: 401,
    data: {
      action: '/login/link/t',
      provider: 'GitHub',
      email: 'grace@example.org',
      password: true,
      providers,
      forgotHref: '/forgot-password',
      cancelHref: '/login',
      alert: 'The password is not right. Check it, or reset it.',
    },
  },
  {
    title: 'link-linked',
    view: 'federation/link',
    data: {
      action: '/login/link/t',
      provider: 'GitHub',
      email: 'grace@example.org',
      password: false,
      providers: providers.slice(1),
      forgotHref: '/forgot-password',
      cancelHref: '/login',
    },
  },
  {
    title: 'link-by-mail',
    view: 'federation/link',
    data: {
      action: '/login/link/t',
      provider: 'GitHub',
      email: 'grace@example.org',
      password: false,
      providers: [],
      forgotHref: '/forgot-password',
      cancelHref: '/login',
    },
  },
  {
    title: 'code',
    view: 'federation/code',
    data: { code: 'uQC3AIe20RKoHnCk0gyMavG8iyQQkEsEwByw4fwMsd0', minutes: 5 },
  },
  {
    title: 'logout',
    view: 'oidc/logout',
    data: {
      action: '/session/end/confirm',
      fields: { xsrf: 'x' },
      client,
      username: 'ada',
      confirm: { name: 'logout', value: 'yes' },
    },
  },
  {
    title: 'logout-unchecked',
    view: 'oidc/logout',
    data: {
      action: '/session/end/confirm',
      fields: { xsrf: 'x' },
      client: { ...client, unverified: true },
      username: 'ada',
      confirm: { name: 'logout', value: 'yes' },
    },
  },
  {
    title: 'logged-out-unchecked',
    view: 'oidc/logged-out',
    data: {
      client: { ...client, unverified: true, documentHost: 'notes.example' },
      next: { href: 'https://notes.example/bye', label: 'Go on to notes.example' },
    },
  },
  {
    title: 'logged-out',
    view: 'oidc/logged-out',
    data: { client: { ...client, logoUri: logo }, next: { href: '/login', label: 'Sign in again' } },
  },
  {
    title: 'select-account',
    view: 'interaction/select-account',
    data: {
      action: '/interaction/u1/select',
      client,
      account: { username: 'ada', email: 'ada@example.org' },
      switchAccount: { action: '/interaction/u1/switch' },
      others: [chosen('Grace.Hopper'), chosen('linus')],
      cancel: { action: '/interaction/u1/cancel' },
    },
  },
  ...[true, false].map(
    (inFlow) =>
      ({
        title: `at-provider${inFlow ? '-app' : ''}`,
        view: 'interaction/at-provider',
        status: 403,
        data: {
          client: inFlow ? { name: 'Photo Book' } : undefined,
          organization: 'Acme & Sons Ltd',
          provider: { name: 'Acme Login', icon: 'oidc', action: '/login/acme', fields: {} },
          backHref: '/login',
        },
      }) as const,
  ),
  {
    title: 'find-organization',
    view: 'federation/organization',
    status: 422,
    data: {
      action: '/login/organization',
      fields: {},
      backHref: '/login',
      ...wrong(
        { email: 'a@example.com' },
        { email: 'No organization here signs in by addresses of this domain.' },
      ),
    },
  },
  {
    title: 'choose-organization',
    view: 'interaction/choose-organization',
    data: {
      action: '/interaction/u1/organization',
      client,
      account: { username: 'ada', email: 'ada@example.org' },
      switchAccount: { action: '/interaction/u1/switch' },
      cancel: { action: '/interaction/u1/cancel' },
      organizations: [
        { id: 'o1', name: 'Acme Ltd', slug: 'acme' },
        { id: 'o2', name: 'Acme Ltd', slug: 'acme-2' },
        {
          id: 'o3',
          name: 'Society of people with a very long name who meet each Thursday evening',
          slug: 's',
        },
      ],
    },
  },
  ...(['none', 'address', 'of-any'] as const).map(
    (contact) =>
      ({
        title: `no-organization-${contact}`,
        view: 'interaction/no-organization',
        status: 403,
        data: {
          client,
          account: { username: 'ada', email: 'ada@example.org' },
          switchAccount: contact === 'none' ? undefined : { action: '/interaction/u1/switch' },
          organization: contact === 'of-any' ? undefined : 'acme',
          contact:
            contact === 'none' ? undefined : { text: 'help@example.org', href: 'mailto:help@example.org' },
          back: { action: '/interaction/u1/cancel' },
          again: '/interaction/u1',
          device: contact === 'none',
        },
      }) as const,
  ),
  ...([true, false] as const).map(
    (device) =>
      ({
        title: `denied-${device ? 'device' : 'app'}`,
        view: 'interaction/denied',
        status: 403,
        data: {
          client,
          account: { username: 'ada', email: 'ada@example.org' },
          switchAccount: device ? undefined : { action: '/interaction/u1/switch' },
          message: 'Your laptop has not checked in for a month. Ask the help desk, room 12.',
          back: { action: '/interaction/u1/cancel' },
          device,
        },
      }) as const,
  ),
  ...(['none', 'words', 'address'] as const).map(
    (contact) =>
      ({
        title: `no-access-${contact}`,
        view: 'interaction/no-access',
        status: 403,
        data: {
          client,
          account: { username: 'ada', email: 'ada@example.org' },
          switchAccount: contact === 'none' ? undefined : { action: '/interaction/u1/switch' },
          contact: {
            none: undefined,
            words: { text: 'the help desk, room 12.' },
            address: { text: 'help@example.org', href: 'mailto:help@example.org' },
          }[contact],
          back: { action: '/interaction/u1/cancel' },
          again: '/interaction/u1',
          device: contact === 'none',
        },
      }) as const,
  ),
  {
    title: 'still-signed-in',
    view: 'oidc/still-signed-in',
    data: { client, username: 'ada', next: { href: 'https://notes.example', label: 'Go to Harbour Notes' } },
  },
  ...([true, false] as const).map(
    (signedIn) =>
      ({
        title: signedIn ? 'sign-out-refused' : 'sign-out-refused-nobody',
        view: 'oidc/sign-out-refused',
        status: 400,
        data: {
          client,
          error: 'invalid_request',
          description: 'post_logout_redirect_uri not registered',
          requestId: '0198f2a4-6b1e-7c3d-9a55-1f20c3b7d8e9',
          ...(signedIn && {
            signedIn: {
              username: 'ada',
              action: '/session/end/confirm',
              fields: { xsrf: 'x' },
              confirm: { name: 'logout', value: 'yes' },
            },
          }),
        },
      }) as const,
  ),
  {
    title: 'oidc-error',
    view: 'oidc/error',
    status: 400,
    data: {
      title: 'Sign-in could not go on',
      message:
        'The app sent you here with an address to return to that is not registered for it. You can close this page; nothing was shared with the app.',
      error: 'invalid_redirect_uri',
      description: "redirect_uri did not match any of the client's registered redirect_uris",
      requestId: '0198f2a4-6b1e-7c3d-9a55-1f20c3b7d8e9',
      client,
      wayOut: { href: 'https://notes.example', label: 'Go to Harbour Notes' },
    },
  },
  {
    title: 'http-429',
    view: 'http/error',
    status: 429,
    data: {
      status: 429,
      message: 'Too many attempts. Please wait 40 seconds and try again.',
      requestId: '0198f2a4',
      wayBack: '/login',
    },
  },
  {
    title: 'http-404',
    view: 'http/error',
    status: 404,
    data: { status: 404, message: 'There is nothing at this address.', requestId: '0198f2a4' },
  },
  {
    title: 'http-400-page-gone',
    view: 'http/error',
    status: 400,
    data: {
      status: 400,
      message: 'This page of the list is no longer there.',
      requestId: '0198f2a4',
      leadsTo: { href: '/admin/users?search=ada', label: 'First page' },
    },
  },
  {
    title: 'http-404-console',
    view: 'http/error',
    status: 404,
    data: { status: 404, message: 'No such user.', requestId: '0198f2a4', lost: true },
  },
  {
    title: 'confirm',
    view: 'http/confirm',
    data: {
      words: 'add a sign-in provider',
      typed: [
        { name: 'Name', value: 'Corp' },
        { name: 'Issuer', value: 'https://login.example' },
      ],
      secrets: true,
      action: '/admin/providers?kind=oidc',
      fields: { resume: 'x' },
      page: '/admin/providers/new?kind=oidc',
    },
  },
  {
    title: 'sign-in-finished',
    view: 'interaction/over',
    data: { app: 'Harbour Notes', home: 'https://notes.example', done: true },
  },
  {
    title: 'sign-in-took-too-long',
    view: 'interaction/over',
    data: { app: 'Harbour Notes', done: false },
  },
  {
    title: 'sign-in-cancelled',
    view: 'interaction/over',
    data: { app: 'Harbour Notes', home: 'https://notes.example', done: false, cancelled: true },
  },
  {
    title: 'device-left',
    view: 'interaction/over',
    data: { app: 'Harbour Notes', device: true, done: true, cancelled: true },
  },
  {
    title: 'device-refused-before',
    view: 'interaction/over',
    data: { app: 'Harbour Notes', device: true, done: true, refused: true },
  },
  { title: 'support', view: 'http/support', data: { person: 'ada' } },
  { title: 'home', view: 'http/home', data: { registerHref: '/register' } },
  { title: 'languages', view: 'http/languages', data: {} },
  {
    title: 'home-new',
    view: 'http/home',
    data: { registerHref: '/register', saidAtStart: NO_ADMINISTRATOR },
  },
  { title: 'home-signed-in', view: 'http/home', data: { signedInAs: 'ada' } },
  {
    title: 'api-docs',
    view: 'api/docs',
    data: {
      title: 'Latchkey API',
      about: [
        { paragraph: [{ text: 'Signing in, for scripts.', code: false }] },
        {
          list: [
            [
              { text: 'Switch on ', code: false },
              { text: 'code', code: true },
            ],
          ],
        },
      ],
      documentHref: '/api/openapi.json',
      groups: [
        {
          name: 'Tokens',
          operations: [
            {
              id: 'login',
              method: 'POST',
              path: '/api/auth/login',
              summary: 'Sign in with a password',
              description: [{ text: 'For people with a password.', code: false }],
              access: 'Anybody may call it',
              example: `curl -X POST http://localhost:3000/api/auth/login \\\n  -d '${JSON.stringify({ username: 'ada', password: 'glass otter 72 harbour' })}'`,
              answers: [{ status: '401', description: [{ text: 'invalid_credentials', code: true }] }],
            },
          ],
        },
      ],
    },
  },
]
