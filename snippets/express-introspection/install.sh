npm install express
