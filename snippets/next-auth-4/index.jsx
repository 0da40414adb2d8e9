import { getServerSession } from 'next-auth'
import { signIn, signOut } from 'next-auth/react'
import { authOptions } from './api/auth/[...nextauth]'

const end = new URLSearchParams({
  client_id: '__CLIENT_ID__',
  post_logout_redirect_uri: '__POST_LOGOUT_URI__',
})

export async function getServerSideProps({ req, res }) {
  const session = await getServerSession(req, res, authOptions)
  return { props: { user: session && { name: session.user.name, email: session.user.email } } }
}

export default function Home({ user }) {
  if (!user)
    return (
      <button type="button" onClick={() => signIn('latchkey')}>
        Sign in
      </button>
    )
  return (
    <>
      <p>
        {user.name}, {user.email}
      </p>
      <button type="button" onClick={() => signOut({ callbackUrl: `__ISSUER__/logout?${end}` })}>
        Sign out
      </button>
    </>
  )
}
