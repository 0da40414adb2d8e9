import { t } from '../../shared/locales/texts.ts'
import { own } from '../../shared/own.ts'

/** What keeps a passkey, by its AAGUID (WebAuthn §6.5.2). An authenticator may say none, and nothing proves the one that it says. */
const NAMES: Readonly<Record<string, string>> = {
  'fbfc3007-154e-4ecc-8c0b-6e020557d7bd': 'iCloud Keychain',
  'dd4ec289-e01d-41c9-bb89-70fa845d4bf2': 'iCloud Keychain',
  'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4': 'Google Password Manager',
  'adce0002-35bc-c60a-648b-0b25f1f05503': 'Chrome on Mac',
  '08987058-cadc-4b81-b6e1-30de50dcbe96': 'Windows Hello',
  '9ddd1817-af5a-4672-a2b9-3e3dd95000a9': 'Windows Hello',
  '6028b017-b1d4-4c02-b4b3-afcdafc96bb2': 'Windows Hello',
  'd3452668-01fd-4c12-926c-83a4204853aa': 'Microsoft Password Manager',
  'bada5566-a7aa-401f-bd96-45619a55120d': '1Password',
  'd548826e-79b4-db40-a3d8-11116f7e8349': 'Bitwarden',
  '531126d6-e717-415c-9320-3d9aa6981239': 'Dashlane',
  '0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6': 'Keeper',
  'b84e4048-15dc-4dd0-8640-f4f60813c8af': 'NordPass',
  '50726f74-6f6e-5061-7373-50726f746f6e': 'Proton Pass',
  '53414d53-554e-4700-0000-000000000000': 'Samsung Pass',
  'fdb141b2-5d84-443e-8a35-4698c205a502': 'KeePassXC',
  'f3809540-7f14-49c1-a8b3-8f813b225541': 'Enpass',
  '2fc0579f-8113-47ea-b116-bb5a8db9202a': 'YubiKey 5',
}

export const authenticatorName = (aaguid: string): string | undefined => own(NAMES, aaguid)

/** Characters of the name of a passkey. */
export const MAX_NAME = 64

/**
 * What a new passkey is called until its owner says otherwise: by what keeps it, else by the browser that made it; with a number
 * where another one is called so.
 */
export function suggestName(
  { aaguid, transports, device }: { aaguid: string; transports: readonly string[]; device: string },
  taken: readonly string[],
): string {
  const external =
    !transports.includes('internal') && transports.some((each) => each === 'usb' || each === 'nfc')
  const name = (authenticatorName(aaguid) ?? (external ? t('passkeys.securityKey') : device)).slice(
    0,
    MAX_NAME - 4,
  )
  const names = [name, ...Array.from({ length: taken.length }, (_, index) => `${name} ${index + 2}`)]
  return names.find((each) => !taken.includes(each)) ?? name
}
