import type { DeviceCode } from 'oidc-provider'
import { hashId } from '../../shared/id-hash.ts'

/** What a Grant says of the device that it is for. */
export interface GrantedDevice {
  /** Names it in lists; a hash of its device code. */
  uid: string
  /** The session that it was approved in. */
  sessionUid: string
  /** Where it asked from. */
  address: string
  userAgent: string
  /** Seconds since the epoch. */
  approvedAt: number
}

/** Names a device in lists and in the id of its Grant. */
export const deviceUidOf = (code: Pick<DeviceCode, 'jti'>): string => hashId(code.jti)

/** In the place of a session's uid, in what the id of a Grant is made from. */
export const holderOf = (deviceUid: string): string => `device ${deviceUid}`
