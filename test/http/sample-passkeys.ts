import type { AccountFrame } from '../../src/accounts/pages/account/signed-in.ts'
import type { PasskeysSection } from '../../src/factors/pages/passkeys-section.ts'
import type { PasskeyForm } from '../../src/http/pages/pages.ts'
import type { Sample } from './sample-pages.ts'

const add: PasskeyForm = {
  action: '/account/security/passkeys',
  options: JSON.stringify({ challenge: 'AAAA', user: { id: 'AAAA' }, excludeCredentials: [] }),
}
const passkey = (id: number) => ({
  renameHref: `/account/security/passkeys/${id}/rename`,
  removeHref: `/account/security/factors/${id}/remove`,
})

/** The part of the security page about passkeys: to be added after a fresh sign-in, and some that there can be. */
export const passkeySections: Record<'stale' | 'some', PasskeysSection> = {
  stale: { passkeys: [], add: { action: '/account/security/passkeys' } },
  some: {
    passkeys: [
      {
        name: 'iCloud Keychain',
        where: 'Synced',
        detail: 'Added on 3 November 2026 · last used on 12 November 2026',
        refused: false,
        ...passkey(1),
      },
      {
        name: 'The <blue> key',
        where: 'On one device',
        detail: 'YubiKey 5 · Added on 9 November 2026 · not used yet',
        refused: true,
        ...passkey(2),
      },
    ],
    add: { form: add },
    accepted: JSON.stringify({ rpId: 'id.example.com', userId: 'AAAA', allAcceptedCredentialIds: [] }),
  },
}

export const passkeySamples = (account: AccountFrame): Sample[] => [
  { title: 'passkey-new', view: 'factors/passkey-new', data: { account, add } },
  {
    title: 'passkey-offer',
    view: 'factors/passkey-new',
    status: 422,
    data: {
      add: { ...add, fields: { return_to: '/account' } },
      alert: 'The passkey could not be added. Try again.',
      skip: { action: '/account/security/passkeys/skip', fields: { return_to: '/account' } },
    },
  },
  {
    title: 'passkey-rename',
    view: 'factors/passkey-rename',
    status: 422,
    data: {
      account,
      action: '/account/security/passkeys/1/rename',
      name: 'iCloud Keychain',
      values: { name: ' ' },
      errors: { name: 'Enter a name.' },
    },
  },
]
