import { redirect } from 'next/navigation'
import { auth, signIn, signOut } from '@/auth'

async function enter() {
  'use server'
  await signIn('latchkey')
}

/** Ends the session here, then at Latchkey. */
async function leave() {
  'use server'
  await signOut({ redirect: false })
  const to = new URLSearchParams({
    client_id: '__CLIENT_ID__',
    post_logout_redirect_uri: '__POST_LOGOUT_URI__',
  })
  redirect(`__ISSUER__/logout?${to}`)
}

export default async function Page() {
  const session = await auth()
  if (!session?.user)
    return (
      <form action={enter}>
        <button type="submit">Sign in</button>
      </form>
    )
  return (
    <form action={leave}>
      <p>
        {session.user.name}, {session.user.email}
      </p>
      <button type="submit">Sign out</button>
    </form>
  )
}
