import type { KnownDevice } from '../../shared/known-device.ts'
import type { Account } from '../account.ts'

/** The id of the device among these that counts for an account as it is now. Undefined: a stranger. */
export const deviceOf = (account: Account, devices: readonly KnownDevice[] = []): string | undefined =>
  devices.find(({ accountId, generation }) => accountId === account.id && generation === account.generation)
    ?.id
