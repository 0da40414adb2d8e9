npm install express @auth/express
