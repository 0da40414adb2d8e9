import type { Signed } from '../../accounts/pages/account/signed-in.ts'
import type { PasskeyForm } from '../../http/pages/pages.ts'
import { t } from '../../shared/locales/texts.ts'
import { dayOf } from '../../shared/moment.ts'
import { authenticatorName } from '../passkeys/authenticators.ts'
import type { Passkey, Passkeys } from '../passkeys/passkeys.ts'

/** A passkey in the list of its owner. */
export interface PasskeyView {
  name: string
  /** “Synced” or “On one device”. */
  where: string
  /** “iCloud Keychain · Added on 3 November 2026 · last used on 4 November 2026” */
  detail: string
  /** Its counter went back. */
  refused: boolean
  renameHref: string
  removeHref: string
}

/** Passkeys on `/account/security`, for the partial `passkeys`. */
export interface PasskeysSection {
  passkeys: PasskeyView[]
  /** Makes one at once; a person who did not sign in lately is led to a page of its own. Undefined: none can be added. */
  add: { form: PasskeyForm } | { action: string } | undefined
  /** Tells what keeps the passkeys which there still are: AcceptedCredentials in JSON. */
  accepted?: string | undefined
}

/** The pages of passkeys; a form that is posted there adds one. */
export const PASSKEYS = '/account/security/passkeys'
/** Where one is added, after a fresh sign-in. */
export const NEW_PASSKEY = `${PASSKEYS}/new`

export const passkeyView = (passkey: Passkey): PasskeyView => ({
  name: passkey.name,
  where: passkey.synced ? t('passkeys.synced') : t('passkeys.oneDevice'),
  detail: [
    authenticatorName(passkey.aaguid),
    t('passkeys.added', { day: dayOf(passkey.createdAt) }),
    passkey.lastUsedAt === null
      ? t('passkeys.unused')
      : t('passkeys.used', { day: dayOf(passkey.lastUsedAt) }),
  ]
    .filter((part) => part !== undefined && part !== passkey.name)
    .join(' · '),
  refused: passkey.refusedAt !== null,
  renameHref: `${PASSKEYS}/${passkey.id}/rename`,
  removeHref: `/account/security/factors/${passkey.id}/remove`,
})

/** The form that adds a passkey. Undefined: none can be added. */
export async function addForm(
  passkeys: Pick<Passkeys, 'availability' | 'registrationOptions'>,
  { account, session: { uid } }: Pick<Signed, 'account' | 'session'>,
): Promise<PasskeyForm | undefined> {
  if (passkeys.availability() !== 'on') return undefined
  const username = account.displayUsername
  const displayName = [account.givenName, account.familyName].filter(Boolean).join(' ') || username
  const options = await passkeys.registrationOptions({ id: account.id, username, displayName }, uid)
  return options && { action: PASSKEYS, options: JSON.stringify(options), renewAt: NEW_PASSKEY }
}

/** Undefined: there are none, and none can be added. @param fresh whether the person may add one at once: signed in lately, and nothing else is asked for first */
export async function passkeysSection(
  passkeys: Pick<Passkeys, 'availability' | 'registrationOptions' | 'list' | 'accepted'>,
  signed: Signed,
  fresh: boolean,
): Promise<PasskeysSection | undefined> {
  const { id } = signed.account
  const own = (await passkeys.list(id)).map(passkeyView)
  const on = passkeys.availability() === 'on'
  if (!on && own.length === 0) return undefined
  const accepted = await passkeys.accepted(id)
  const form = on && fresh ? await addForm(passkeys, signed) : undefined
  return {
    passkeys: own,
    add: form ? { form } : on ? { action: PASSKEYS } : undefined,
    accepted: accepted && JSON.stringify(accepted),
  }
}
