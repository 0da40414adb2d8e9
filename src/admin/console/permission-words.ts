import { areaOf, PERMISSIONS, type Permission } from '../../shared/administration/permissions.ts'
import { described } from '../../shared/locales/described.ts'

/** What a permission allows, in the language of the console: completes “You are about to …”. */
export const permissionWords = (permission: Permission): string =>
  described(`admin.permissions.words.${permission}`, PERMISSIONS[permission].words)

/** The same as a label, with a capital. */
export function permissionLabel(permission: Permission): string {
  const words = permissionWords(permission)
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}

/** The area of a permission, as a heading in the language of the console. */
export const permissionArea = (permission: Permission): string =>
  described(`admin.permissions.area.${permission.split('.')[0]}`, areaOf(permission))

/** Words and areas of all permissions, for the check of catalogues. */
export const describedPermissions = (): Record<string, string> =>
  Object.fromEntries(
    (Object.keys(PERMISSIONS) as Permission[]).flatMap((permission) => [
      [`admin.permissions.words.${permission}`, PERMISSIONS[permission].words],
      [`admin.permissions.area.${permission.split('.')[0]}`, areaOf(permission)],
    ]),
  )
