import type { Page } from 'playwright-core'
import type { Latchkey } from './latchkey.ts'

export interface VirtualAuthenticatorOptions {
  /** Whether it verifies its user; true unless said. */
  verifies?: boolean
  /** Whether what it keeps is synced (BE and BS). */
  synced?: boolean
  /** Whether somebody touches it at once; true unless said. */
  present?: boolean
  transport?: 'internal' | 'usb'
}

/** An authenticator of Chromium, for one tab. */
export interface VirtualAuthenticator {
  /** What it keeps, as the protocol of the browser's developer tools has it. */
  credentials(): Promise<{ credentialId: string; signCount: number; rpId?: string | undefined }[]>
  /** Somebody touches it from now on, or nobody does. */
  setPresent(present: boolean): Promise<void>
  /** It verifies its user from now on, or it cannot. */
  setVerifies(verifies: boolean): Promise<void>
  /** It counts from here on. */
  setCounter(signCount: number): Promise<void>
  remove(): Promise<void>
}

export async function addAuthenticator(
  page: Page,
  {
    verifies = true,
    synced = false,
    present = true,
    transport = 'internal',
  }: VirtualAuthenticatorOptions = {},
): Promise<VirtualAuthenticator> {
  const tools = await page.context().newCDPSession(page)
  await tools.send('WebAuthn.enable', { enableUI: false })
  const { authenticatorId } = await tools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport,
      hasResidentKey: true,
      hasUserVerification: verifies,
      isUserVerified: verifies,
      automaticPresenceSimulation: present,
      defaultBackupEligibility: synced,
      defaultBackupState: synced,
    },
  })
  const credentials = async () =>
    (await tools.send('WebAuthn.getCredentials', { authenticatorId })).credentials
  return {
    credentials,
    async setPresent(enabled) {
      await tools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })
    },
    async setVerifies(isUserVerified) {
      await tools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
    },
    async setCounter(signCount) {
      for (const credential of await credentials()) {
        const { credentialId } = credential
        await tools.send('WebAuthn.removeCredential', { authenticatorId, credentialId })
        await tools.send('WebAuthn.addCredential', {
          authenticatorId,
          credential: { ...credential, signCount },
        })
      }
    },
    async remove() {
      await tools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })
    },
  }
}

/** Makes a passkey in this tab, with the authenticator that it has, and adds it to an account. */
export async function givePasskeyIn(
  page: Page,
  { issuer, services: { factors, accounts } }: Pick<Latchkey, 'issuer' | 'services'>,
  user: { id: string; username: string },
) {
  const { passkeys } = factors
  const options = await passkeys.registrationOptions({ ...user, displayName: user.username }, 'test')
  await page.goto(`${issuer}/forgot-password`)
  const credential: unknown = await page.evaluate(
    `(async (json) => (await navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(json),
    })).toJSON())(${JSON.stringify(options)})`,
  )
  const generation = (await accounts.byId(user.id))?.generation ?? 0
  const added = await passkeys.register({ accountId: user.id, generation }, credential, 'test', 'A test')
  if (added.kind !== 'added') throw new Error(`the passkey was not added: ${JSON.stringify(added)}`)
  return added.passkey
}
