import { hash } from 'node:crypto'
import type { DeviceCode, Provider } from 'oidc-provider'
import { currentContext } from '../provider/context.ts'
import { deviceUidOf } from './granted.ts'

/*
 * A device is not the browser that it was approved in. Its tokens hang on a Grant of their own: it goes on when the person
 * signs out of that browser, and ends when it is revoked alone, with the generation of sign-ins, or when the person ends that
 * browser's session from another one, as not trusted (signed-in.ts). So a device leaves no trace in the session: the entry that the library
 * would make there is one of this request alone.
 */

/** The device code that a request of a person is about. */
export const deviceCodeOf = (): DeviceCode | undefined => {
  const oidc = currentContext()?.oidc
  const asks = oidc?.route === 'code_verification' || oidc?.route === 'device_resume'
  return asks ? oidc.deviceCode : undefined
}

/** Keeps devices out of the sessions that they are approved in. */
export function keepDevicesApart(provider: Provider): void {
  const { prototype } = provider.Session
  const { authorizationFor, persist } = prototype
  const entries = new WeakMap<DeviceCode, ReturnType<typeof authorizationFor>>()
  prototype.authorizationFor = function (...args) {
    const code = deviceCodeOf()
    if (code === undefined) return authorizationFor.apply(this, args)
    // Another one than the browser's: signing out there does not tell the app to sign out here.
    const sid = hash('sha256', `sid\0${deviceUidOf(code)}`, 'base64url')
    const entry = entries.get(code) ?? { sid }
    entries.set(code, entry)
    return entry
  }
  // The library's own error handler of the device pages asks for this also when there is nothing to go on with.
  prototype.persist = async function () {
    return typeof this.exp === 'number' ? persist.call(this) : ''
  }
}
